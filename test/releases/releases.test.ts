import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { type Cluster, startCluster } from "../../src/cluster/cluster.ts";
import { decodeToc } from "../../src/postgres/toc-decode.ts";
import { encodeToc } from "../../src/postgres/toc-encode.ts";
import type { Toc } from "../../src/postgres/toc.ts";
import { openFileSource } from "../../src/stores/file-source.ts";
import { schemaDump } from "../campaigns/many/schema-dump.ts";
import { wideListing } from "../campaigns/many/wide-listing.ts";
import { findOtherServer, type OtherServer, otherMajors } from "../fixtures/other-servers.ts";
import { testCluster, withClient } from "../fixtures/postgres.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import type { TestClusterAddress } from "../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { shapesOf } from "./shapes.ts";

const run = promisify(execFile);

// Each runs a dozen commands, and a machine may be slow.
vi.setConfig({ testTimeout: 300_000 });

/** A running server of a release, and what its client tools need. */
interface Release {
  major: number;
  address: TestClusterAddress;
  env: Readonly<Record<string, string | undefined>>;
}

const installed = new Map<number, OtherServer>();
for (const major of otherMajors) {
  const server = await findOtherServer(major);
  if (server !== undefined) installed.set(major, server);
}
const releases = new Map<number, Release>();
const clusters: Cluster[] = [];
let own: Release;

beforeAll(async () => {
  const ownAddress = testCluster();
  const { rows } = await withClient(
    { host: ownAddress.host, port: ownAddress.port, user: ownAddress.superuser, database: "postgres", env: {} },
    (client) =>
      client.query<{ major: number }>("SELECT current_setting('server_version_num')::integer / 10000 AS major"),
  );
  own = { major: rows[0]!.major, address: ownAddress, env: {} };
  releases.set(own.major, own);
  await Promise.all(
    [...installed].map(async ([major, { server, env }]) => {
      const { signal } = new AbortController();
      const settings = { fsync: "off", full_page_writes: "off" };
      const cluster = await startCluster({ env, signal, settings, server });
      clusters.push(cluster);
      const { host, port, superuser, binDir } = cluster;
      const address = { host, port, superuser, binDir };
      releases.set(major, { major, address, env: { LD_LIBRARY_PATH: env["LD_LIBRARY_PATH"] } });
    }),
  );
});

afterAll(async () => {
  for (const cluster of clusters) await cluster.stop();
});

function release(major: number): Release {
  const running = releases.get(major);
  if (running === undefined) throw new Error(`PostgreSQL ${major} does not run`);
  return running;
}

/** @param tools whose pg_dump is used */
function instanceOf({ address }: Release, tools: Release): Promise<TestInstance> {
  const extraConfig = `[ngwbackup]\npg_bindir = ${tools.address.binDir}`;
  return createTestInstance({ cluster: address, postgis: false, createDb: true, extraConfig });
}

async function cli(args: readonly string[], { env }: Release): Promise<CliResult> {
  return await runCli(args, { env: { ...env } });
}

/** Fills an instance of a release with what that release can hold. */
async function filled(on: Release, tools: Release, majorOfShapes = on.major): Promise<TestInstance> {
  const instance = await instanceOf(on, tools);
  await withClient(instance.database.settings, (client) => client.query(shapesOf(majorOfShapes)));
  return instance;
}

async function backupOf(instance: TestInstance, tools: Release): Promise<string> {
  const backup = await cli(["backup", ...instance.config, "--one-shot"], tools);
  expect(backup.stderr).not.toMatch(/^error/m);
  expect(backup.exitCode).toBe(0);
  const verified = await cli(["verify", backup.stdout.trim()], tools);
  expect(verified.exitCode).toBe(0);
  return backup.stdout.trim();
}

async function tocOf(path: string): Promise<{ toc: Toc; bytes: Buffer; list: string }> {
  const archive = await openZipArchive(await openFileSource(path));
  try {
    const bytes = await archive.readAll("postgres/toc.dat", 10_000_000);
    const list = (await archive.readAll("postgres/restore", 10_000_000)).toString("utf8");
    return { toc: decodeToc(bytes), bytes, list };
  } finally {
    await archive.close();
  }
}

async function stateOf(instance: TestInstance): Promise<unknown> {
  const { tables, sequences } = await instance.fingerprint();
  return { tables, sequences, listing: await wideListing(instance.database.admin) };
}

describe.each(otherMajors)("PostgreSQL %i", (major) => {
  const missing = !installed.has(major);
  const minor = major >= 17 ? 16 : 15;
  // one way for each release: both are tried within it
  const way = major >= 17 ? "--in-place" : "--side-by-side";

  test.skipIf(missing)(`backup, verify, restore both ways; a table of contents of version 1.${minor}`, async () => {
    const on = release(major);
    const source = await filled(on, on);
    const target = await instanceOf(on, on);
    try {
      const archive = await backupOf(source, on);
      const { toc, bytes, list } = await tocOf(archive);
      expect(toc.version).toMatchObject({ major: 1, minor });
      expect(encodeToc(toc).equals(bytes)).toBe(true);
      expect(list).toContain(`; Dumped from database version: ${toc.serverVersion ?? ""}`.replace("; ", ""));
      const expected = await stateOf(source);
      const dump = await schemaDump({ ...source.database.admin, env: { ...on.env } }, on.address.binDir);
      for (const each of ["--side-by-side", "--in-place"]) {
        const restored = await cli(["restore", ...target.config, each, "--keep-previous", "0", archive], on);
        expect(restored.stderr).not.toMatch(/^error|warning/m);
        expect(restored.exitCode).toBe(0);
        expect(await stateOf(target)).toEqual(expected);
        expect(await schemaDump({ ...target.database.admin, env: { ...on.env } }, on.address.binDir)).toEqual(dump);
      }
    } finally {
      await source.drop();
      await target.drop();
    }
  });

  test.skipIf(missing)(`pg_restore ${major} lists what we list, and restores our archive's folder`, async () => {
    const on = release(major);
    const source = await filled(on, on);
    const target = await instanceOf(on, on);
    try {
      const folder = `${source.folder}/as-folder`;
      const args = ["backup", ...source.config, "--one-shot", "--no-zip", "--compression", "none", folder];
      const backup = await cli(args, on);
      expect(backup.exitCode).toBe(0);
      const pgRestore = join(on.address.binDir, "pg_restore");
      const env = { ...process.env, ...on.env };
      const { stdout } = await run(pgRestore, ["--list", join(folder, "postgres")], { env });
      const lines = (text: string): string[] =>
        text
          .split("\n")
          .filter((line) => /^;?\d/.test(line))
          .map((line) => line.replace(/^;/, ""));
      const { stdout: ours } = await run("cat", [join(folder, "postgres", "restore")]);
      expect(lines(ours)).toEqual(lines(stdout));
      const { host, port, database, user } = target.database.settings;
      await run(
        pgRestore,
        [
          "--exit-on-error",
          "--no-owner",
          `--use-list=${join(folder, "postgres", "restore")}`,
          `--host=${host}`,
          `--port=${port}`,
          `--username=${user}`,
          `--dbname=${database}`,
          join(folder, "postgres"),
        ],
        { env },
      );
      expect(await stateOf(target)).toEqual(await stateOf(source));
    } finally {
      await source.drop();
      await target.drop();
    }
  });

  test.skipIf(missing)(`pg_dump ${major} backs an older server up, and the archive goes back into it`, async () => {
    const newer = release(major);
    if (newer.major <= own.major) return;
    const source = await filled(own, newer);
    const target = await instanceOf(own, newer);
    try {
      const archive = await backupOf(source, newer);
      const { toc } = await tocOf(archive);
      expect(toc.version.minor).toBe(minor);
      expect(Number.parseInt(toc.dumpVersion ?? "", 10)).toBe(major);
      expect(Number.parseInt(toc.serverVersion ?? "", 10)).toBe(own.major);
      const restored = await cli(["restore", ...target.config, way, "--keep-previous", "0", archive], newer);
      expect(restored.stderr).not.toMatch(/^error|warning/m);
      expect(restored.exitCode).toBe(0);
      expect(await stateOf(target)).toEqual(await stateOf(source));
    } finally {
      await source.drop();
      await target.drop();
    }
  });

  test.skipIf(missing)(`an archive of an older server goes into PostgreSQL ${major}`, async () => {
    const newer = release(major);
    const source = await filled(own, own, Math.min(own.major, major));
    const target = await instanceOf(newer, newer);
    try {
      const archive = await backupOf(source, own);
      const restored = await cli(["restore", ...target.config, "--keep-previous", "0", archive], newer);
      expect(restored.stderr).not.toMatch(/^error|warning/m);
      expect(restored.exitCode).toBe(0);
      const [expected, found] = [await source.fingerprint(), await target.fingerprint()];
      expect({ ...found, objects: 0 }).toEqual({ ...expected, objects: 0 });
    } finally {
      await source.drop();
      await target.drop();
    }
  });

  test.skipIf(missing)(
    `an archive of PostgreSQL ${major} for an older server: told before, whole or nothing`,
    async () => {
      const newer = release(major);
      if (newer.major <= own.major) return;
      const [plain, special] = [await filled(newer, newer, own.major), await filled(newer, newer)];
      const target = await instanceOf(own, own);
      try {
        const archive = await backupOf(plain, newer);
        const restored = await cli(["restore", ...target.config, way, "--keep-previous", "0", archive], own);
        expect(restored.stderr).toContain(
          `the archive comes from PostgreSQL ${major}, and this server is PostgreSQL ${own.major}`,
        );
        expect(restored.exitCode).toBe(0);
        const before = await target.fingerprint();
        expect({ ...before, objects: 0 }).toEqual({ ...(await plain.fingerprint()), objects: 0 });
        const unknown = await cli(["restore", ...target.config, way, await backupOf(special, newer)], own);
        expect(unknown.exitCode).toBe(1);
        expect(unknown.stderr).toMatch(/^error: (?:TABLE|VIEW|CONSTRAINT|FUNCTION|COLLATION) /m);
        expect(await target.fingerprint()).toEqual(before);
      } finally {
        await plain.drop();
        await special.drop();
        await target.drop();
      }
    },
  );
});
