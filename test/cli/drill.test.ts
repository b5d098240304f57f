import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdtemp, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

// A drill is a restore and more; on a loaded machine it takes its time.
vi.setConfig({ testTimeout: 300_000 });

let instance: TestInstance;
let place: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "ngwbackup-test-"));
  // The server's user reaches its own folder in there.
  await chmod(place, 0o711);
  instance = await createTestInstance({ extraConfig: `backup.tmpdir = ${place}` });
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(async () => {
  await instance.drop();
  await rm(place, { recursive: true, force: true });
});

async function backup(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runCli(["backup", ...instance.config, ...args]);
  expect(stdout, stderr).not.toBe("");
  return stdout.trim();
}

test("the newest archive is restored, looked at from every side, and nothing of it is left", async () => {
  const before = await instance.fingerprint();
  const archive = await backup("--one-shot");
  const { stdout, stderr, exitCode } = await runCli(["drill", ...instance.config]);
  expect(exitCode, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/^ok +rows +[1-9][\d,]* rows of [1-9]\d* tables counted$/m);
  expect(stdout).toMatch(/^ok +foreign-keys +[1-9][\d,]* foreign keys hold$/m);
  expect(stdout).toMatch(/^ok +indexes +[1-9]\d* indexes are valid, [1-9]\d* B-trees agree with their tables$/m);
  expect(stdout).toMatch(/^ok +geometries +[1-9]\d* geometries of [1-9]\d* columns read$/m);
  expect(stdout).toMatch(/^ok +blob-rows +[1-9]\d* rows have their blob$/m);
  expect(stdout).toMatch(/^ok +blobs +[1-9]\d* blobs read, /m);
  expect(stdout).toMatch(/^skipped +drill\.command +/m);
  expect(stdout).toMatch(/^recovery, all of it +\d/m);
  expect(stdout).toMatch(/^on the instance's own server it would take about /m);
  expect(stdout).toContain(`\nsound: ${archive}, of `);
  expect(readdirSync(place)).toEqual([]);
  expect(await instance.fingerprint()).toEqual(before);
});

test("a damaged archive is not sound", async () => {
  const archive = await backup(join(await tempFolder(), "a.ngwbackup"));
  const file = await open(archive, "r+");
  await file.write(Buffer.from("damaged"), 0, 7, Math.floor((await stat(archive)).size / 2));
  await file.close();
  const { exitCode, stderr } = await runCli(["drill", ...instance.config, archive]);
  expect(exitCode, stderr).toBe(5);
  expect(readdirSync(place)).toEqual([]);
});

test("rows that contradict each other are found: no server would take them", async () => {
  const other = await createTestInstance({ superuser: true });
  try {
    await withClient(other.database.settings, (client) =>
      client.query(
        `CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child (id integer REFERENCES parent);
         SET session_replication_role = replica; INSERT INTO child VALUES (7)`,
      ),
    );
    const saved = await runCli(["backup", ...other.config]);
    expect(saved.exitCode, saved.stderr).toBe(0);
    const { exitCode, stderr } = await runCli(["drill", ...other.config]);
    expect(stderr).toContain("cannot be restored");
    expect(stderr).toContain("child");
    expect(exitCode).toBe(5);
  } finally {
    await other.drop();
  }
});

test("the application's own check decides, and sees the copy", async () => {
  const archive = await backup(join(await tempFolder(), "b.ngwbackup"));
  const script = join(await tempFolder(), "check");
  const seen = join(await tempFolder(), "seen");
  await writeFile(script, `#!/bin/sh\ncat "$NEXTGISWEB_CONFIG" > ${seen}\necho "layer 7 has no style" >&2\nexit 3\n`, {
    mode: 0o755,
  });
  const drilled = await runCli(["drill", ...instance.config, "--json", archive], {
    env: { NEXTGISWEB__NGWBACKUP__DRILL__COMMAND: script },
  });
  expect(drilled.exitCode, drilled.stderr).toBe(5);
  const summary = JSON.parse(drilled.stdout.trim().split("\n").at(-1) ?? "") as {
    isSound: boolean;
    checks: { check: string; state: string; details: string[] }[];
  };
  expect(summary.isSound).toBe(false);
  expect(summary.checks.filter(({ state }) => state === "bad")).toEqual([
    expect.objectContaining({ check: "drill.command", details: ["layer 7 has no style"] }),
  ]);
  expect(existsSync(seen)).toBe(true);
});

test("a blob that was lost before the backup is no fault of the archive", async () => {
  const storage = join(instance.sdir, "file_storage");
  const files = (await readdir(storage, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const [first] = files;
  await rm(join(first!.parentPath, first!.name));
  const archive = await backup(join(await tempFolder(), "c.ngwbackup"));
  const { exitCode, stdout } = await runCli(["drill", ...instance.config, archive]);
  expect(stdout).toContain(", 1 were lost before the backup, which names them");
  expect(exitCode).toBe(0);
});

test("what says nothing about the archive is told apart", async () => {
  expect(await runCli(["drill", ...instance.config, "-"])).toMatchObject({ exitCode: 2 });
  expect(await runCli(["drill", ...instance.config, "/nowhere"])).toMatchObject({ exitCode: 4 });
  const archive = await backup(join(await tempFolder(), "d.ngwbackup"));
  const without = await runCli(["drill", ...instance.config, archive], {
    env: { NEXTGISWEB__CORE__BACKUP__TMPDIR: join(place, "missing") },
  });
  expect(without.exitCode, without.stderr).toBe(1);
});
