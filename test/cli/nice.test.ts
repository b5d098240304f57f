import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { listEntryName, tocEntryName } from "../../src/archive/entry-names.ts";
import { readManifest } from "../../src/archive/manifest.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { AppError, ExitCode } from "../../src/errors.ts";
import { RateLimit } from "../../src/rate-limit.ts";
import { openFileSource } from "../../src/stores/file-source.ts";
import { repositoryFolder } from "../fixtures/clone.ts";
import { cleanEnvironment, withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { runProgram } from "../fixtures/run-program.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

const level = 7;
let instance: TestInstance;

beforeAll(async () => {
  instance = await createTestInstance({ extraConfig: `[ngwbackup]\nnice.level = ${level}` });
  const rasters = [...tinyScale.rasters, { sizeBytes: 5_000_000, compressible: false }];
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: { ...tinyScale, rasters } });
  await withClient(instance.database.settings, (client) =>
    client.query("select lo_from_bytea(0, decode(repeat('ab', 300000), 'hex'))"),
  );
});
afterAll(() => instance.drop());
afterEach(() => vi.restoreAllMocks());

/** Entries of an archive as its manifest has them, but for those that name its snapshot, and digests by its own key. */
async function entriesOf(path: string): Promise<unknown[]> {
  const reader = await openZipArchive(await openFileSource(path));
  try {
    const entries = [...((await readManifest(reader))?.entries.values() ?? [])];
    return entries
      .filter(({ name }) => name !== tocEntryName && name !== listEntryName)
      .map(({ digests: _digests, ...entry }) => entry);
  } finally {
    await reader.close();
  }
}

/** What each limit let through, in bytes. */
function watchLimits(onAsked: () => void = () => {}): Map<RateLimit, number> {
  const limits = new Map<RateLimit, number>();
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const { take } = RateLimit.prototype;
  vi.spyOn(RateLimit.prototype, "take").mockImplementation(async function (this: RateLimit, bytes) {
    onAsked();
    await take.call(this, bytes);
    limits.set(this, (limits.get(this) ?? 0) + bytes);
  });
  return limits;
}

async function sessions(name: string): Promise<number> {
  return await withClient(instance.database.admin, async (client) => {
    const { rows } = await client.query("select 1 from pg_stat_activity where datname = $1 and application_name = $2", [
      instance.database.name,
      name,
    ]);
    return rows.length;
  });
}

describe("a backup with limits", () => {
  test("counts every byte of rows, large objects and blobs as read, and every byte of the archive as written", async () => {
    const limits = watchLimits();
    for (const [flags, name] of [
      [["--jobs", "3"], "zip"],
      [["--no-zip", "--jobs", "1"], "folder"],
    ] as const) {
      limits.clear();
      const target = join(await tempFolder(), name);
      const args = ["backup", ...instance.config, "--one-shot", "--json", "--read-rate", "1T", "--write-rate=1T"];
      const { stdout } = await runCli([...args, ...flags, target]);
      const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, number>;
      const { tableBytes = 0, blobBytes = 0, tables = 0, sizeBytes = 0 } = summary;
      // What ends a table's rows is ours.
      const readBytes = tableBytes - tables * String.raw`\.___`.length + 300_000 + blobBytes;
      expect([...limits.values()].toSorted((a, b) => a - b)).toEqual([readBytes, sizeBytes].toSorted((a, b) => a - b));
      expect(await runCli(["verify", target])).toMatchObject({ exitCode: 0 });
    }
  });

  test("that make it wait, and --nice, gives the same archive", async () => {
    const folder = await tempFolder();
    const [plain, slow] = [join(folder, "plain"), join(folder, "slow")];
    expect(await runCli(["backup", ...instance.config, "--one-shot", plain])).toMatchObject({ exitCode: 0 });
    const limits = ["--read-rate", "8MiB", "--write-rate", "6MiB"];
    const result = await runProgram(["backup", ...instance.config, "--one-shot", "--nice", ...limits, slow]);
    expect(result).toMatchObject({ exitCode: 0, stdout: `${slow}\n` });
    expect(result.stderr).not.toContain("warning");
    expect(await runProgram(["verify", "--nice", ...instance.config, slow])).toMatchObject({ stdout: `ok ${slow}\n` });
    expect(await entriesOf(slow)).toEqual(await entriesOf(plain));
  });

  test.each([
    [[], 0],
    [["--nice"], 1],
    [["--nice", "--read-rate", "0"], 0],
    [["--nice", "--write-rate", "1T"], 2],
    [["--write-rate", "1T"], 1],
  ])("has those that the command line asks for: %s", async (flags, count) => {
    const limits = watchLimits();
    // A priority would stay with this process.
    const env = { NEXTGISWEB__NGWBACKUP__NICE__LEVEL: "0", NEXTGISWEB__NGWBACKUP__NICE__IO: "none" };
    const rate = { NEXTGISWEB__NGWBACKUP__NICE__READ_RATE: "1T" };
    const args = ["backup", ...instance.config, "--one-shot", ...flags, await tempFolder()];
    expect(await runCli(args, { env: { ...env, ...rate } })).toMatchObject({ exitCode: 0 });
    expect(limits.size).toBe(count);
  });

  test.each([
    ["--read-rate", "--no-zip"],
    ["--write-rate", "--no-zip"],
    ["--read-rate", "--strict"],
    ["--write-rate", "--strict"],
  ])("is stopped while it waits for %s (%s), and leaves nothing", async (flag, other) => {
    const folder = await tempFolder();
    const abort = new AbortController();
    const reason = new AppError("interrupted", "interrupted", {}, ExitCode.interrupted);
    watchLimits(() => setTimeout(() => abort.abort(reason), 50));
    const args = ["backup", ...instance.config, "--one-shot", other, flag, "1", join(folder, "a")];
    const result = await runCli(args, { signal: abort.signal });
    expect(result).toMatchObject({ exitCode: 130, stdout: "" });
    expect(result.stderr).toContain("error: interrupted\n");
    expect(readdirSync(folder)).toEqual([]);
    expect(readdirSync(instance.sdir)).not.toContain("ngwbackup");
    await vi.waitFor(async () => expect(await sessions("ngwbackup copy")).toBe(0));
  });
});

describe.runIf(process.platform === "linux")("a backup with --nice", () => {
  test.each([
    [1, []],
    [2, ["--jobs", "2"]],
  ])("has %i connections, and all its threads are nice; Ctrl-C ends it while it waits: %s", async (count, flags) => {
    const folder = await tempFolder();
    const started = await startSlowly(...flags, "--read-rate", "100", join(folder, "a"));
    try {
      await vi.waitFor(
        async () => {
          expect(await sessions("ngwbackup copy")).toBe(count);
          expect(new Set(niceValues(started.pid))).toEqual(new Set([level]));
        },
        { timeout: 30_000, interval: 100 },
      );
      expect(niceValues(started.pid).length).toBeGreaterThan(6);
    } finally {
      started.kill("SIGINT");
    }
    expect((await once(started, "close"))[0]).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** Starts a backup with --nice as a process of its own. */
async function startSlowly(...args: string[]): Promise<ChildProcess> {
  const program = ["--disable-warning=ExperimentalWarning", join(repositoryFolder, "src/cli.ts")];
  const child = spawn(process.execPath, [...program, "backup", ...instance.config, "--one-shot", "--nice", ...args], {
    env: cleanEnvironment(),
    stdio: "ignore",
  });
  await once(child, "spawn");
  return child;
}

/** Nice value of each thread of a process. */
function niceValues(pid: number | undefined): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}
