import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { loadSettings } from "../../src/config/settings.ts";
import type { Context } from "../../src/context.ts";
import { gatherFacts } from "../../src/operations/prune/archive-facts.ts";
import { openPrunePlace } from "../../src/operations/prune/prune-place.ts";
import { prune as runPrune } from "../../src/operations/prune/prune.ts";
import { accessWith } from "../../src/operations/stores/archive-access.ts";
import { takeOperationLock } from "../../src/postgres/operation-lock.ts";
import type { Reporter } from "../../src/progress.ts";
import { emptyPolicy } from "../../src/retention/policy.ts";
import { describeOwner } from "../../src/run-owner.ts";
import { lockFolder } from "../../src/stores/folder-lock.ts";
import { ownedTemporaryName } from "../../src/stores/temporary-names.ts";
import { writeDatedArchive } from "../fixtures/dated-archive.ts";
import { withClient } from "../fixtures/postgres.ts";
import { hasRclone, makeRemote } from "../fixtures/rclone.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

const now = new Date("2026-11-26T00:00:00Z");
const instanceId = "f3b2a1c0-1111-2222-3333-444455556666";

/** Archives of the first days of 2026, named for their day. */
async function fill(folder: string, days: readonly number[], id: string | null = instanceId): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const day of days)
    await writeDatedArchive(join(folder, `${day}.ngwbackup`), {
      snapshotAt: new Date(Date.UTC(2026, 0, day, 2, 15)).toISOString(),
      instanceId: id,
      ...(day % 3 === 0 ? { tags: ["third"] } : {}),
    });
}

const names = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name !== ".ngwbackup")
    .toSorted((a, b) => Number.parseInt(a) - Number.parseInt(b));

describe("prune, without a database", () => {
  test("says why each stays or goes, and removes what no rule keeps", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2, 3, 4, 5]);
    writeFileSync(join(folder, "notes.txt"), "not ours");
    const args = ["prune", "--keep-last", "1", "--keep-daily", "2", "--keep-tag", "third", folder];
    const dry = await runCli([...args, "--dry-run"], { now });
    expect(dry.exitCode).toBe(0);
    expect(dry.stderr).toContain("2 of 5 archives would be removed (dry run)");
    expect(names(folder)).toHaveLength(6);
    const result = await runCli(args, { now });
    expect(result).toMatchObject({ exitCode: 0, stdout: dry.stdout });
    const lines = result.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    expect(lines.map((line) => line.filter((_, index) => index !== 2))).toEqual([
      ["ACTION", "TIME", "INSTANCE", "TAGS", "REASONS", "PATH"],
      [
        "keep",
        "2026-01-05 02:15:00 UTC",
        instanceId,
        "-",
        "last snapshot, daily snapshot",
        join(folder, "5.ngwbackup"),
      ],
      ["keep", "2026-01-04 02:15:00 UTC", instanceId, "-", "daily snapshot", join(folder, "4.ngwbackup")],
      ["keep", "2026-01-03 02:15:00 UTC", instanceId, "third", "has tags [third]", join(folder, "3.ngwbackup")],
      ["remove", "2026-01-02 02:15:00 UTC", instanceId, "-", "-", join(folder, "2.ngwbackup")],
      ["remove", "2026-01-01 02:15:00 UTC", instanceId, "-", "-", join(folder, "1.ngwbackup")],
    ]);
    expect(names(folder)).toEqual(["3.ngwbackup", "4.ngwbackup", "5.ngwbackup", "notes.txt"]);
    expect(await runCli(args, { now })).toMatchObject({ exitCode: 0 });
    expect(names(folder)).toHaveLength(4);
  });

  test("a link to an archive is none, and what it leads to does not go for it", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2]);
    symlinkSync("2.ngwbackup", join(folder, "0-latest.ngwbackup"));
    const result = await runCli(["prune", "--keep-last", "1", folder], { now });
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("a symbolic link") });
    expect(names(folder)).toEqual(["0-latest.ngwbackup", "2.ngwbackup"]);
  });

  test("--json tells the same", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2]);
    const result = await runCli(["prune", "--json", "--keep-last", "1", folder], { now });
    const summary = JSON.parse(result.stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(summary).toMatchObject({ type: "summary", command: "prune", dryRun: false, where: folder, removed: 1 });
    expect(summary["archives"]).toMatchObject([
      {
        path: join(folder, "2.ngwbackup"),
        time: "2026-01-02T02:15:00.000Z",
        action: "keep",
        reasons: ["last snapshot"],
      },
      { path: join(folder, "1.ngwbackup"), instanceId, tags: [], action: "remove", reasons: [] },
    ]);
  });

  test("without a rule nothing is touched", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2]);
    for (const extra of [[], ["--keep-last", "0"]]) {
      const result = await runCli(["prune", ...extra, folder], { now, cwd: folder });
      expect(result).toMatchObject({ exitCode: 2, stdout: "" });
      expect(result.stderr).toContain("error: no rule says what is kept, so nothing is removed");
    }
    expect(names(folder)).toHaveLength(2);
  });

  test("rules of the configuration count where no flag gives one, backup.path where no place is named", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2, 3, 4]);
    const config = join(await tempFolder(), "config.ini");
    writeFileSync(config, `[core]\nbackup.path = ${folder}\n[ngwbackup]\nkeep.last = 3\nkeep.tag = third, other\n`);
    expect(await runCli(["prune", "--config", config], { now })).toMatchObject({ exitCode: 0 });
    expect(names(folder)).toEqual(["2.ngwbackup", "3.ngwbackup", "4.ngwbackup"]);
    expect(await runCli(["prune", "--config", config, "--keep-last", "1"], { now })).toMatchObject({ exitCode: 0 });
    expect(names(folder)).toEqual(["4.ngwbackup"]);
  });

  test("archives of backup.path are looked at, too, when another place is pruned", async () => {
    const [folder, backupPath] = [await tempFolder(), join(await tempFolder(), "backup")];
    await fill(folder, [1, 2, 3]);
    const config = join(backupPath, "..", "config.ini");
    writeFileSync(config, `[core]\nbackup.path = ${backupPath}\n`);
    const prune = (count: number): ReturnType<typeof runCli> =>
      runCli(["prune", "--config", config, "--keep-last", String(count), folder], { now });
    expect(await prune(2)).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining("warning") });
    await fill(backupPath, [4]);
    expect(await prune(2)).toMatchObject({ exitCode: 0 });
    expect(names(folder)).toEqual(["2.ngwbackup", "3.ngwbackup"]);
    writeFileSync(config, `[core]\nbackup.path = ${join(backupPath, "4.ngwbackup")}\n`);
    const blind = await prune(1);
    expect(blind).toMatchObject({ exitCode: 4, stdout: "" });
    expect(names(folder)).toHaveLength(2);
  });

  test("damaged ones stay and count for nothing, those of NextGIS Web stay unless asked for", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2, 3, 4]);
    truncateSync(join(folder, "4.ngwbackup"), 300);
    writeFileSync(join(folder, "9.ngwbackup"), "no archive at all");
    const theirs = join(folder, "theirs");
    mkdirSync(join(theirs, "postgres"), { recursive: true });
    writeFileSync(join(theirs, "postgres", "toc.dat"), "PGDMP");
    const older = join(folder, "older");
    mkdirSync(join(older, "postgres"), { recursive: true });
    writeFileSync(join(older, "postgres", "toc.dat"), "PGDMP");
    utimesSync(older, new Date(0), new Date(0));
    const result = await runCli(["prune", "--keep-last", "1", folder], { now });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toMatch(/warning: .*4\.ngwbackup is damaged: /);
    expect(result.stderr).toMatch(/warning: .*9\.ngwbackup is damaged: /);
    expect(names(folder)).toEqual(["3.ngwbackup", "4.ngwbackup", "9.ngwbackup", "older", "theirs"]);
    const asked = await runCli(["prune", "--keep-last", "1", "--include-nextgisweb", folder], { now });
    expect(asked.exitCode).toBe(0);
    expect(names(folder)).toEqual(["3.ngwbackup", "4.ngwbackup", "9.ngwbackup", "theirs"]);
  });

  test("with archives of several instances it asks which are meant", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2]);
    await fill(join(folder, "x"), [3, 4], "another");
    for (const day of [3, 4]) execFileSync("mv", [join(folder, "x", `${day}.ngwbackup`), folder]);
    const refused = await runCli(["prune", "--keep-last", "1", folder], { now });
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toMatch(
      /holds archives of 2 instances\n {2}another\n {2}f3b2a1c0-.*\nhint: name one: --instance ID/,
    );
    const unknown = await runCli(["prune", "--keep-last", "1", "--instance", "none", folder], { now });
    expect(unknown.exitCode).toBe(2);
    const both = await runCli(["prune", "--keep-last", "1", "--instance", "x", "--all-instances", folder], { now });
    expect(both.exitCode).toBe(2);
    const one = await runCli(["prune", "--keep-last", "1", "--instance", "another", folder], { now });
    expect(one.exitCode).toBe(0);
    expect(one.stdout).toContain("of another instance");
    expect(names(folder)).toEqual(["1.ngwbackup", "2.ngwbackup", "4.ngwbackup", "x"]);
    expect(await runCli(["prune", "--keep-last", "1", "--all-instances", folder], { now })).toMatchObject({
      exitCode: 0,
    });
    expect(names(folder)).toEqual(["2.ngwbackup", "4.ngwbackup", "x"]);
  });

  test("what a dead run left goes, what a live one writes stays, and another prune is held off", async () => {
    const folder = await tempFolder();
    await fill(folder, [1, 2]);
    const owner = await describeOwner(process.pid);
    const live = ownedTemporaryName("3.ngwbackup", owner);
    writeFileSync(join(folder, live), "being written");
    writeFileSync(join(folder, ownedTemporaryName("4.ngwbackup", { ...owner, startTicks: "1" })), "left");
    const lock = await lockFolder(folder, { word: "prune", pid: process.pid, now });
    const busy = await runCli(["prune", "--keep-last", "1", folder], { now });
    expect(busy).toMatchObject({ exitCode: 6, stdout: "" });
    expect(busy.stderr).toContain(`error: another prune of ${folder} is at work\n  pid ${process.pid}`);
    await lock.release();
    expect(await runCli(["prune", "--keep-last", "1", folder], { now })).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder).toSorted()).toEqual([live, "2.ngwbackup"]);
  });

  test.for(["SIGKILL", "SIGTERM"] as const)(
    "stopped by %s it leaves whole archives, and the next one goes on",
    async (how) => {
      const folder = await tempFolder();
      const days = Array.from({ length: 60 }, (_, index) => index + 1);
      await fill(folder, days);
      for (const day of days.slice(0, 30))
        execFileSync("unzip", ["-q", `${day}.ngwbackup`, "-d", `f${day}`], { cwd: folder });
      for (const day of days.slice(0, 30)) {
        const manifest = readFileSync(join(folder, `f${day}`, "manifest.jsonl"));
        const digest = createHash("sha256").update(manifest).digest("hex");
        writeFileSync(join(folder, `f${day}`, "manifest.sha256"), `${digest}  manifest.jsonl\n`);
      }
      const { child, ended } = startProgram(["prune", "--keep-last", "2", folder]);
      child.stderr?.on("data", (text: Buffer) => {
        // Once: a second one ends it at once.
        if (text.includes("removed ") && !child.killed) child.kill(how);
      });
      const end = await ended;
      expect(how === "SIGKILL" ? end.signal : end.exitCode).toBe(how === "SIGKILL" ? "SIGKILL" : 143);
      const left = await runCli(["list", "--json", folder]);
      const { archives } = JSON.parse(left.stdout) as { archives: { state: string }[] };
      expect(archives.length).toBeGreaterThan(2);
      expect(archives.filter(({ state }) => state !== "complete")).toEqual([]);
      expect(await runCli(["prune", "--keep-last", "2", folder], { now })).toMatchObject({ exitCode: 0 });
      expect(names(folder)).toEqual(["59.ngwbackup", "60.ngwbackup"]);
    },
  );

  test("a place that is not there is refused", async () => {
    const folder = join(await tempFolder(), "gone");
    for (const extra of [[], ["--dry-run"]]) {
      const result = await runCli(["prune", ...extra, "--keep-last", "1", folder], { now });
      expect(result).toMatchObject({ exitCode: 4, stdout: "" });
      expect(result.stderr).toContain(`error: cannot list ${folder}`);
    }
    expect(await runCli(["prune", "--keep-last", "1", "-"], { now })).toMatchObject({ exitCode: 2 });
    expect(existsSync(folder)).toBe(false);
  });

  test.skipIf(!hasRclone())("when an archive cannot be looked at, nothing is removed", async () => {
    const { root, configPath, folder } = await makeRemote("alias");
    await fill(folder, [1, 2, 3]);
    const program = join(folder, "..", "rclone");
    const script = `#!/bin/sh\ncase "$*" in cat*2.ngwbackup) echo "500 Internal Server Error" >&2; exit 1;; esac\nexec rclone "$@"\n`;
    writeFileSync(program, script, { mode: 0o700 });
    const config = join(folder, "..", "config.ini");
    writeFileSync(config, `[ngwbackup]\nrclone.config = ${configPath}\nrclone.path = ${program}\n`);
    const result = await runCli(["prune", "--config", config, "--keep-last", "1", root], { now });
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(`error: cannot read ${root}2.ngwbackup: 500 Internal Server Error`);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test.skipIf(!hasRclone())("a remote of rclone is pruned in the same way", async () => {
    const { root, configPath, folder } = await makeRemote("alias");
    await fill(join(folder, "b"), [1, 2, 3]);
    const owner = await describeOwner(process.pid);
    writeFileSync(join(folder, "b", ownedTemporaryName("4.ngwbackup", { ...owner, startTicks: "1" })), "left");
    const config = join(folder, "..", "config.ini");
    writeFileSync(config, `[ngwbackup]\nrclone.config = ${configPath}\n`);
    const result = await runCli(["prune", "--config", config, "--keep-last", "2", `${root}b/`], { now });
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toContain(`${root}b/1.ngwbackup`);
    expect(readdirSync(join(folder, "b")).toSorted()).toEqual(["2.ngwbackup", "3.ngwbackup"]);
  });
});

describe("prune, beside an instance", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    const extraConfig = "[ngwbackup]\nkeep.last = 2\nkeep.tag = release";
    instance = await createTestInstance({ extraConfig });
    await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  });
  afterAll(() => instance.drop());

  const backup = async (hour: number, ...args: string[]): ReturnType<typeof runCli> =>
    await runCli(["backup", ...instance.config, ...args], { now: new Date(Date.UTC(2026, 0, 1, hour)) });

  test("tags are kept and shown, and backup --prune prunes beside it by the rules of the configuration", async () => {
    expect(await backup(1, "--tag", "release", "--tag", "before 5.6,really")).toMatchObject({ exitCode: 0 });
    const path = (hour: number): string => join(instance.backupFolder, `20260101-0${hour}0000.ngwbackup`);
    const list = await runCli(["list", ...instance.config]);
    expect(list.stdout).toContain("release,before 5.6,really");
    expect((await backup(2)).exitCode).toBe(0);
    expect((await backup(3)).exitCode).toBe(0);
    await fill(instance.backupFolder, [7], "of-another-instance");
    const pruned = await backup(4, "--prune");
    expect(pruned).toMatchObject({ exitCode: 0, stdout: `${path(4)}\n` });
    expect(pruned.stderr).toContain("1 older archives removed");
    const left = [path(1), path(3), path(4), join(instance.backupFolder, "7.ngwbackup")];
    expect(
      readdirSync(instance.backupFolder)
        .map((name) => join(instance.backupFolder, name))
        .toSorted(),
    ).toEqual(left.toSorted());
  });

  test("the archive that was just written stays, whatever the clock said when others were", async () => {
    const folder = join(instance.folder, "future");
    mkdirSync(folder);
    expect((await backup(5, folder)).exitCode).toBe(0);
    const listed = await runCli(["list", "--json", folder]);
    const id = /"instanceId":"([^"]+)"/.exec(listed.stdout)?.[1] ?? "";
    const late = { snapshotAt: "2099-01-01T00:00:00Z", instanceId: id };
    await writeDatedArchive(join(folder, "late.ngwbackup"), late);
    const config = join(instance.folder, "future.ini");
    writeFileSync(config, "[ngwbackup]\nkeep.last = 1\nkeep.tag =\n");
    const { exitCode, stdout } = await backup(6, "--config", config, "--prune", folder);
    expect(exitCode).toBe(0);
    expect(readdirSync(folder)).toEqual(["20260101-060000.ngwbackup", "late.ngwbackup"]);
    expect(existsSync(stdout.trimEnd())).toBe(true);
  });

  test("stops when it does not hold backups off any more", async () => {
    const folder = join(instance.folder, "lost");
    await fill(folder, [1, 2, 3]);
    const settings = await loadSettings({ env: {}, cwd: folder, configPaths: instance.config.slice(1, 2) });
    const { host, port, user, database } = instance.database.admin;
    const sql = "SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l WHERE l.locktype = 'advisory'";
    const signal = new AbortController().signal;
    const context = { env: {}, cwd: folder, pid: process.pid, signal, now: () => now } as unknown as Context;
    const reporter: Reporter = {
      report(event) {
        if (event.type !== "message" || !event.message.startsWith("removed")) return;
        const args = ["-h", host ?? "", "-p", String(port), "-U", user ?? "", "-d", database ?? "", "-c"];
        execFileSync("psql", [
          ...args,
          `${sql} AND l.database = (SELECT oid FROM pg_database WHERE datname = '${database}')`,
        ]);
      },
    };
    const policy = { ...emptyPolicy, last: 1 };
    const options = { includeNextgisweb: false, includeEncrypted: false, dryRun: false };
    const pruning = runPrune(
      { settings, where: folder, policy, instances: [instanceId], ...options },
      accessWith(settings, context, reporter),
    );
    await expect(pruning).rejects.toMatchObject({ code: "prune-stopped" });
    expect(names(folder)).toEqual(["2.ngwbackup", "3.ngwbackup"]);
  });

  test("a folder that was replaced meanwhile is let be", async () => {
    const folder = join(instance.folder, "replaced");
    mkdirSync(folder);
    const target = join(folder, "a");
    expect((await backup(7, "--no-zip", target)).exitCode).toBe(0);
    const settings = await loadSettings({ env: {}, cwd: folder, configPaths: [] });
    const signal = new AbortController().signal;
    const context = { env: {}, cwd: folder, pid: process.pid, signal, now: () => now } as unknown as Context;
    const access = accessWith(settings, context, { report() {} });
    const [facts] = await gatherFacts(folder, access);
    expect((await backup(8, "--no-zip", "--overwrite", target)).exitCode).toBe(0);
    const place = await openPrunePlace(folder, access);
    expect(await place.remove(facts!)).toBe(false);
    expect(existsSync(target)).toBe(true);
    await place.close();
  });

  test("a prune that fails after a backup is warned of, and the backup is none the worse", async () => {
    const lock = await lockFolder(instance.backupFolder, { word: "prune", pid: process.pid, now });
    try {
      const result = await backup(5, "--prune");
      expect(result).toMatchObject({
        exitCode: 0,
        stdout: `${join(instance.backupFolder, "20260101-050000.ngwbackup")}\n`,
      });
      expect(result.stderr).toMatch(
        /warning: the archive is complete, but older ones could not be pruned: another prune of /,
      );
    } finally {
      await lock.release();
    }
  });

  test("keep.after_backup does so without being asked, but not to stdout; without rules it is refused at once", async () => {
    const config = join(instance.folder, "after.ini");
    writeFileSync(config, "[ngwbackup]\nkeep.after_backup = true\nkeep.last = 1\nkeep.tag =\n");
    const both = ["--config", config];
    const folder = join(instance.folder, "after");
    mkdirSync(folder);
    for (const hour of [1, 2]) expect(await backup(hour, ...both, folder)).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder)).toEqual(["20260101-020000.ngwbackup"]);
    const out = await backup(3, ...both, "-");
    expect(out.exitCode).toBe(0);
    expect(out.stdoutBytes.subarray(0, 2).toString()).toBe("PK");
    expect((await backup(3, "--prune", "-")).exitCode).toBe(2);
    writeFileSync(config, "[ngwbackup]\nkeep.after_backup = true\nkeep.last =\nkeep.tag =\n");
    const refused = await backup(4, ...both, folder);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("a backup or restore that is at work holds it off", async () => {
    await withClient(instance.database.settings, async (client) => {
      await takeOperationLock(client);
      const busy = await runCli(["prune", ...instance.config], { now });
      expect(busy).toMatchObject({ exitCode: 6, stdout: "" });
      expect(await runCli(["prune", ...instance.config, "--dry-run"], { now })).toMatchObject({ exitCode: 0 });
    });
    expect(await runCli(["prune", ...instance.config], { now })).toMatchObject({ exitCode: 0 });
  });

  test("archives of another instance than the configured one are let be, which is told", async () => {
    const folder = join(instance.folder, "foreign");
    await fill(folder, [1, 2]);
    const result = await runCli(["prune", ...instance.config, folder], { now });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toMatch(/warning: no archive in .* is of the configured instance, /);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test("where the database cannot be reached nothing goes, unless it is said whose archives are meant", async () => {
    const config = join(instance.folder, "away.ini");
    writeFileSync(config, "[core]\ndatabase.host = /no/such/folder\n");
    const folder = join(instance.folder, "away");
    await fill(folder, [1, 2]);
    const args = ["prune", "--config", config, "--keep-last", "1"];
    for (const more of [["--dry-run"], []]) {
      const refused = await runCli([...args, ...more, folder], { now });
      expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
      expect(refused.stderr).toContain("the database cannot be asked which instance this is: ");
      expect(refused.stderr).toMatch(/hint: .*--instance ID/);
    }
    expect(readdirSync(folder)).toHaveLength(2);
    const result = await runCli([...args, "--all-instances", folder], { now });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain("no backup of it is held off");
    expect(readdirSync(folder)).toEqual(["2.ngwbackup"]);
  });

  test("a folder that --no-zip wrote goes as a whole, unless somebody keeps a file of his own in it", async () => {
    const folder = join(instance.folder, "folders");
    mkdirSync(folder);
    for (const name of ["a", "b", "c"])
      expect(await backup(1, "--no-zip", join(folder, name))).toMatchObject({ exitCode: 0 });
    writeFileSync(join(folder, "b", "notes.txt"), "mine");
    const result = await runCli(["prune", ...instance.config, "--keep-last", "1", folder], { now });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain("it holds notes.txt, which is no part of it");
    expect(readdirSync(folder).toSorted()).toEqual(["b", "c"]);
    expect(readFileSync(join(folder, "b", "notes.txt"), "utf8")).toBe("mine");
  });
});
