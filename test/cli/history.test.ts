import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

interface Record_ {
  id: number;
  kind: string;
  state: string;
  exitCode: number | null;
  subject: string | null;
  sizeBytes: number | null;
  durationMs: number | null;
  losses: number;
  error: { code: string; message: string; hint: string | null } | null;
  freeBytes: number | null;
}

let instance: TestInstance;
let state: string;

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(() => instance.drop());
beforeEach(async () => {
  state = join(await tempFolder(), "state");
});

const env = (): Record<string, string> => ({ NEXTGISWEB__NGWBACKUP__STATE__PATH: state });

function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
}

async function recorded(...args: string[]): Promise<Record_[]> {
  const result = await runCli(["history", "--json", ...instance.config, ...args], { env: env() });
  expect(result.exitCode).toBe(0);
  return lastLine(result.stdout)["runs"] as Record_[];
}

async function recordedOne(id: number): Promise<{
  run: Record_;
  stages: { name: string; durationMs: number | null; bytes: number }[];
  log: { level: string; text: string }[];
}> {
  const result = await runCli(["history", "--json", ...instance.config, String(id)], { env: env() });
  expect(result.exitCode).toBe(0);
  return lastLine(result.stdout) as never;
}

describe("the history of runs", () => {
  test("has each backup and verify with path, size, stages and log, in a private file, and shows it to people", async () => {
    const archive = join(await tempFolder(), "a.ngwbackup");
    expect((await runCli(["backup", ...instance.config, archive], { env: env() })).exitCode).toBe(0);
    expect((await runCli(["verify", ...instance.config, archive], { env: env() })).exitCode).toBe(0);
    const [verify, backup] = await recorded();
    expect(verify).toMatchObject({ id: 2, kind: "verify", state: "done", exitCode: 0, subject: archive, error: null });
    expect(backup).toMatchObject({
      id: 1,
      kind: "backup",
      state: "done",
      subject: archive,
      sizeBytes: statSync(archive).size,
      losses: 0,
    });
    expect(await recorded("--kind", "verify")).toHaveLength(1);
    expect(await recorded("--last", "1")).toMatchObject([{ id: 2 }]);
    const { stages, log } = await recordedOne(1);
    expect(stages.map(({ name }) => name)).toContain("blobs");
    expect(stages.every(({ durationMs }) => durationMs !== null)).toBe(true);
    expect(stages.find(({ name }) => name === "blobs")?.bytes).toBeGreaterThan(0);
    expect(log.map(({ text }) => text).join("\n")).toMatch(/tables, .* rows, .* blobs: .* in an archive of/);

    const table = await runCli(["history", ...instance.config], { env: env() });
    expect(table.stdout).toMatch(
      /^ID {2}STARTED .*\n 2 {2}.* UTC {2}verify {2}done .*\n 1 .* backup {2}done .*a\.ngwbackup\n$/,
    );
    const one = await runCli(["history", ...instance.config, "1"], { env: env() });
    expect(one.stdout).toMatch(/^run {6}1, backup\nstate {4}done \(exit 0\)\n[^]*\nSTAGE .*\n[^]*blobs /);

    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(readdirSync(state)).toEqual(["history.sqlite"]);
    expect(statSync(join(state, "history.sqlite")).mode & 0o777).toBe(0o600);
  });

  test("has what failed, with its error, hint and exit code, and never a secret", async () => {
    const wrong = { ...env(), NEXTGISWEB__CORE__DATABASE__NAME: "nowhere" };
    const failed = await runCli(["backup", ...instance.config, "/tmp/never.ngwbackup"], { env: wrong });
    const damaged = join(await tempFolder(), "bad.ngwbackup");
    writeFileSync(damaged, `no archive, ${databaseSecret}`);
    expect((await runCli(["verify", ...instance.config, damaged], { env: env() })).exitCode).toBe(5);
    const url = `sftp://me:${databaseSecret}@host/a.ngwbackup`;
    expect((await runCli(["restore", ...instance.config, url, "--yes"], { env: env() })).exitCode).toBe(2);
    const [restore, verify, backup] = await recorded();
    expect(backup).toMatchObject({ state: "refused", exitCode: failed.exitCode, subject: "/tmp/never.ngwbackup" });
    expect(failed.stderr).toContain(`error: ${backup?.error?.message}\n`);
    expect(verify).toMatchObject({ state: "damaged", exitCode: 5, subject: damaged });
    expect(restore).toMatchObject({ kind: "restore", state: "failed", exitCode: 2, subject: "?" });
    expect(restore?.error?.code).toBe("unknown-store");
  });

  test("has a restore and what took it back, but no dry run", async () => {
    const archive = join(await tempFolder(), "a.ngwbackup");
    const options = { env: { ...env(), NEXTGISWEB__NGWBACKUP__KEEP_PREVIOUS: "1h" } };
    for (const args of [
      ["backup", "--dry-run", ...instance.config],
      ["backup", ...instance.config, archive],
      ["restore", "--dry-run", ...instance.config, archive],
      ["restore", "--yes", ...instance.config, archive],
      ["restore", "--undo", ...instance.config],
    ])
      expect(await runCli(args, options)).toMatchObject({ exitCode: 0 });
    expect((await recorded()).map(({ kind, state: ended }) => [kind, ended])).toEqual([
      ["undo", "done"],
      ["restore", "done"],
      ["backup", "done"],
    ]);
    const { stages, run } = await recordedOne(2);
    expect(run.subject).toBe(archive);
    expect(stages.length).toBeGreaterThan(2);
  });

  test("has a prune with the place that was pruned, and a drill", async () => {
    const folder = await tempFolder();
    const place = { env: { ...env(), NEXTGISWEB__CORE__BACKUP__PATH: folder } };
    expect((await runCli(["backup", ...instance.config], place)).exitCode).toBe(0);
    expect((await runCli(["prune", "--keep-last", "1", "--dry-run", ...instance.config], place)).exitCode).toBe(0);
    expect((await runCli(["prune", "--keep-last", "1", ...instance.config], place)).exitCode).toBe(0);
    expect((await runCli(["verify", "latest", ...instance.config], place)).exitCode).toBe(0);
    const [verify, prune, backup] = await recorded();
    expect(prune).toMatchObject({ kind: "prune", state: "done", subject: folder });
    expect(verify).toMatchObject({ kind: "verify", state: "done", subject: backup?.subject });
    expect(
      (await runCli(["drill", ...instance.config], { env: { ...place.env, TMPDIR: "/nowhere/at/all" } })).exitCode,
    ).not.toBe(0);
    expect(await recorded("--kind", "drill")).toMatchObject([{ kind: "drill", exitCode: 1 }]);
  });

  test("has a copy and a consolidation, with what was written and its size, or what was to be read", async () => {
    const folder = await tempFolder();
    const run = async (...args: string[]): Promise<number> =>
      (await runCli([args[0] ?? "", ...instance.config, ...args.slice(1)], { env: env() })).exitCode;
    const archive = join(folder, "a.ngwbackup");
    expect(await run("backup", archive)).toBe(0);
    expect(await run("copy", archive, join(folder, "b.ngwbackup"))).toBe(0);
    expect(await run("consolidate", archive, join(folder, "c.ngwbackup"))).toBe(0);
    expect(await run("copy", archive, join(folder, "b.ngwbackup"))).toBe(4);
    expect(await run("consolidate", join(folder, "none.ngwbackup"), join(folder, "d.ngwbackup"))).toBe(4);
    expect(await recorded()).toMatchObject([
      { kind: "consolidate", state: "refused", subject: join(folder, "none.ngwbackup"), sizeBytes: null },
      { kind: "copy", state: "refused", subject: archive, sizeBytes: null },
      { kind: "consolidate", state: "done", subject: join(folder, "c.ngwbackup") },
      { kind: "copy", state: "done", subject: join(folder, "b.ngwbackup"), sizeBytes: statSync(archive).size },
      { kind: "backup", state: "done", subject: archive },
    ]);
    const [done] = (await recorded("--kind", "consolidate")).slice(1);
    expect(done?.sizeBytes).toBe(statSync(join(folder, "c.ngwbackup")).size);
    // What was copied is no newer backup.
    const status = await runCli(["status", "--json", ...instance.config], { env: env() });
    expect(lastLine(status.stdout)["lastBackup"]).toMatchObject({ path: archive });
    expect((await recordedOne(2)).stages.map(({ name }) => name)).toEqual(["copy", "read back"]);
  });

  test("has losses as such", async () => {
    const archive = join(await tempFolder(), "a.ngwbackup");
    const storage = join(instance.sdir, "file_storage");
    const blob = readdirSync(storage, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile());
    const path = join(blob?.parentPath ?? "", blob?.name ?? "");
    const hidden = `${path}.away`;
    const { rename } = await import("node:fs/promises");
    await rename(path, hidden);
    try {
      expect((await runCli(["backup", ...instance.config, archive], { env: env() })).exitCode).toBe(3);
    } finally {
      await rename(hidden, path);
    }
    expect(await recorded()).toMatchObject([{ state: "losses", exitCode: 3, losses: 1 }]);
    const { log } = await recordedOne(1);
    expect(log.filter(({ level }) => level === "warning").length).toBeGreaterThan(0);
  });

  test("shows a run that was killed as interrupted, with what it had told until then", async () => {
    const { child, ended } = startProgram(
      ["backup", ...instance.config, join(await tempFolder(), "a.ngwbackup"), "--read-rate", "1KiB"],
      { env: env() },
    );
    // It runs, and has told its first stages.
    while ((await recordedIfAny())?.[0]?.state !== "running") await sleep(50);
    while ((await recordedOne(1)).stages.length === 0) await sleep(50);
    const before = await recordedOne(1);
    expect(before.run).toMatchObject({ state: "running", exitCode: null, durationMs: null });
    child.kill("SIGKILL");
    await ended;
    const seen = await recordedOne(1);
    expect(seen.run).toMatchObject({ state: "interrupted", exitCode: null, durationMs: null });
    expect(seen.stages.length).toBeGreaterThan(0);
    // The next run notes it for good.
    await runCli(["verify", ...instance.config, "/nowhere"], { env: env() });
    const noted = await recordedOne(1);
    expect(noted.run).toMatchObject({ state: "interrupted", error: { code: "killed" } });
    expect(noted.stages.map(({ name }) => name)).toEqual(seen.stages.map(({ name }) => name));
    expect(noted.stages.at(-1)?.durationMs).toBeNull();
    expect(readdirSync(state)).toEqual(["history.sqlite"]);
  });

  async function recordedIfAny(): Promise<Record_[] | undefined> {
    return existsSync(join(state, "history.sqlite")) ? await recorded() : undefined;
  }

  test("takes runs at the same time, each once", async () => {
    const missing = Array.from({ length: 6 }, (_, index) => `/nowhere/${index}`);
    await Promise.all(missing.map((path) => startProgram(["verify", ...instance.config, path], { env: env() }).ended));
    const runs = await recorded();
    expect(new Set(runs.map(({ subject }) => subject))).toEqual(new Set(missing));
    expect(runs).toHaveLength(missing.length);
    expect(runs.every(({ state: ended }) => ended === "refused")).toBe(true);
  });

  test("forgets what is older than history.keep", async () => {
    const at = (day: number): Date => new Date(Date.UTC(2026, 0, day));
    const options = { env: { ...env(), NEXTGISWEB__NGWBACKUP__HISTORY__KEEP: "10d" } };
    for (const day of [1, 5, 14])
      await runCli(["verify", ...instance.config, "/nowhere"], { ...options, now: at(day) });
    expect((await recorded()).map(({ id }) => id)).toEqual([3, 2]);
  });

  test("goes on with a warning where the history cannot be written, and tells it in --json before the summary", async () => {
    writeFileSync(state, "a file where the folder should be");
    const archive = join(await tempFolder(), "a.ngwbackup");
    const result = await runCli(["backup", ...instance.config, archive], { env: env() });
    expect(result).toMatchObject({ exitCode: 0, stdout: `${archive}\n` });
    expect(result.stderr).toMatch(/warning: this run is not recorded: .*expected a folder/);
    const json = await runCli(["verify", "--json", ...instance.config, archive], { env: env() });
    expect(lastLine(json.stdout)).toMatchObject({ type: "summary" });
    expect(json.stdout).toContain('"code":"history"');
  });

  test("goes on with a warning where the file is no history, or a newer program's", async () => {
    await mkdir(state, { mode: 0o700 });
    writeFileSync(join(state, "history.sqlite"), "x".repeat(5000));
    const spoilt = await runCli(["verify", ...instance.config, "/nowhere"], { env: env() });
    expect(spoilt).toMatchObject({ exitCode: 4 });
    expect(spoilt.stderr).toContain("file is not a database");
    expect((await runCli(["history", ...instance.config], { env: env() })).exitCode).toBe(1);
    await rm(join(state, "history.sqlite"));
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(join(state, "history.sqlite"));
    database.exec("PRAGMA user_version = 99");
    database.close();
    const newer = await runCli(["verify", ...instance.config, "/nowhere"], { env: env() });
    expect(newer.stderr).toContain("written by a newer ngwbackup: expected version 2 or less, found 99");
  });

  test("keeps an archive that goes to stdout as it is", async () => {
    const result = await runCli(["backup", ...instance.config, "-"], { env: env() });
    expect(result.exitCode).toBe(0);
    expect(result.stdoutBytes.subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
    expect(await recorded()).toMatchObject([{ subject: "-", state: "done" }]);
  });

  test("is under sdir unless named, and is not made where that is not", async () => {
    const folder = await tempFolder();
    const config = join(folder, "config.ini");
    writeFileSync(config, `[core]\nsdir = ${join(folder, "data")}\n`);
    expect((await runCli(["verify", "--config", config, "/nowhere"])).stderr).not.toContain("warning");
    expect(existsSync(join(folder, "data"))).toBe(false);
    await mkdir(join(folder, "data"));
    await runCli(["verify", "--config", config, "/nowhere"]);
    expect(readdirSync(join(folder, "data"))).toEqual([".ngwbackup"]);
    chmodSync(config, 0o600);
    writeFileSync(config, "");
    const nowhere = await runCli(["history", "--config", config]);
    expect(nowhere).toMatchObject({ exitCode: 2 });
    expect(nowhere.stderr).toContain("hint: set state.path");
  });

  test("says so when there is nothing, or no such run", async () => {
    const empty = await runCli(["history", ...instance.config], { env: env() });
    expect(empty).toMatchObject({ exitCode: 0, stdout: "", stderr: "nothing was recorded yet\n" });
    const none = await runCli(["history", ...instance.config, "7"], { env: env() });
    expect(none).toMatchObject({ exitCode: 2 });
    expect(none.stderr).toContain("error: there is no run 7 in the history");
  });
});
