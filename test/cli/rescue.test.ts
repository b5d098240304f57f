import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { AppError } from "../../src/errors.ts";
import { readSoundArchive } from "../operations/rescue/sound-archive.ts";
import { postgisTemplate } from "../fixtures/test-cluster.ts";
import { withClient } from "../fixtures/postgres.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;
let before: Fingerprint;
/** Without the rows of `auth_principal` and one blob. */
let damaged: string;
let sound: string;

async function databases(): Promise<string[]> {
  return await withClient({ ...instance.database.admin, database: "postgres" }, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname like $1 order by 1",
      [`${instance.database.name}%`],
    );
    return rows.map(({ name }) => name);
  });
}

/** How many of them say that they are ours. */
async function marked(): Promise<number> {
  return await withClient({ ...instance.database.admin, database: "postgres" }, async (client) => {
    const { rowCount } = await client.query(
      "select from pg_database where datname like $1 and shobj_description(oid, 'pg_database') like 'ngwbackup: %'",
      [`${instance.database.name}%`],
    );
    return rowCount ?? 0;
  });
}

async function rescue(...args: string[]): Promise<CliResult> {
  return await runCli(["restore", ...instance.config, "--rescue", ...args]);
}

beforeAll(async () => {
  instance = await createTestInstance({ readyForSideBySide: true });
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  const backup = await runCli(["backup", ...instance.config, "--one-shot"]);
  sound = backup.stdout.trim();
  const archive = await readSoundArchive(sound);
  const bytes = await readFile(sound);
  const table = archive.places.get(archive.entryOf("public.auth_principal"))!;
  const blob = archive.places.get([...archive.places.keys()].find((name) => /file_storage\/00000002/.test(name))!)!;
  for (const place of [table, blob]) {
    const data = place.headerOffset + 30 + bytes.readUInt16LE(place.headerOffset + 26);
    bytes[data + 25]! ^= 16;
  }
  damaged = join(instance.folder, "damaged.ngwbackup");
  await writeFile(damaged, bytes);
  before = await instance.fingerprint();
});
afterAll(() => instance.drop());

describe("restore --rescue", () => {
  test("fills a fresh database and folder while the service runs, names losses, and touches nothing of the instance", async () => {
    await withClient(instance.database.settings, async () => {
      const result = await rescue(damaged);
      expect(result.stdout).toBe("");
      expect(result.exitCode).toBe(3);
      expect(result.stderr).toMatch(/warning: lost: all \d+ rows of public\.auth_principal: frame 1 of entry /);
      expect(result.stderr).toMatch(/warning: lost: file \w+\/[0-9a-f]{32}: .*kept as damaged\/file_storage\//);
      expect(result.stderr).toMatch(/warning: left out: FK CONSTRAINT public\.auth_user /);
      const database = /^ {2}database (\S+)$/m.exec(result.stderr)![1]!;
      const folder = /^ {2}folder (\S+)$/m.exec(result.stderr)![1]!;
      expect(database).toMatch(new RegExp(`^${instance.database.name}_rescue_\\d{14}$`));
      expect(folder).toMatch(new RegExp(`^${instance.backupFolder}/rescue-\\d{14}$`));
      expect(readdirSync(folder).toSorted()).toEqual(
        ["core", "damaged", "file_storage", "left-out.jsonl", "left-out.sql", "losses.jsonl", "losses.txt"].filter(
          (name) => existsSync(join(folder, name)),
        ),
      );
      expect(readFileSync(join(folder, "left-out.sql"), "utf8")).toContain("FOREIGN KEY");
      expect(readFileSync(join(folder, "losses.txt"), "utf8")).toContain("public.auth_principal");
      expect(result.stderr).toContain(`database.name = ${database} and sdir = ${folder}`);
      // The next command does not take it for a leftover of its own.
      await runCli(["check", ...instance.config]);
      expect(await databases()).toContain(database);
      await withClient({ ...instance.database.admin, database: "postgres" }, (client) =>
        client.query(`drop database ${database}`),
      );
      await rm(folder, { recursive: true });
    });
    expect(differences(before, await instance.fingerprint())).toEqual([]);
  });

  test("takes an empty database and an empty folder that are named, and keeps both out of their ways after a failure", async () => {
    const name = `${instance.database.name}_empty`;
    await withClient({ ...instance.database.admin, database: "postgres" }, (client) =>
      client.query(`create database ${name} owner ${instance.database.role} template ${postgisTemplate}`),
    );
    await withClient({ ...instance.database.admin, database: name }, (client) =>
      client.query(`alter table spatial_ref_sys owner to ${instance.database.role}`),
    );
    const folder = join(await tempFolder(), "empty");
    mkdirSync(folder);
    expect(await rescue("--rescue-database", name, "--rescue-folder", folder, sound)).toMatchObject({ exitCode: 0 });
    const again = await rescue("--rescue-database", name, "--rescue-folder", join(await tempFolder(), "x"), sound);
    expect(again.exitCode).toBe(4);
    expect(again.stderr).toMatch(/database \S+ is not empty: it holds \d+ relations/);
  });

  test("never writes over the instance, nor into what is not empty", async () => {
    const used = await tempFolder();
    writeFileSync(join(used, "something"), "");
    const refusals = [
      [["--rescue-database", instance.database.name, damaged], "is the configured database"],
      [["--rescue-folder", instance.sdir, damaged], "belongs to the configured instance"],
      [["--rescue-folder", join(instance.sdir, "file_storage", "x"), damaged], "belongs to the configured instance"],
      [["--rescue-folder", used, damaged], "is not empty: it holds something"],
    ] as const;
    const there = await databases();
    for (const [args, message] of refusals) {
      const result = await rescue(...args);
      expect(result).toMatchObject({ exitCode: 4, stdout: "" });
      expect(result.stderr).toContain(message);
    }
    expect(await databases()).toEqual(there);
    expect(readdirSync(used)).toEqual(["something"]);
    expect(differences(before, await instance.fingerprint())).toEqual([]);
  });

  test("exit 5 when nothing can be saved, and nothing is left behind", async () => {
    const folder = await tempFolder();
    const path = join(folder, "noise");
    writeFileSync(path, Buffer.alloc(10_000, "noise "));
    const there = await databases();
    const result = await rescue("--rescue-folder", join(folder, "rescued"), path);
    expect(result).toMatchObject({ exitCode: 5, stdout: "" });
    expect(result.stderr).toContain("nothing could be saved");
    expect(existsSync(join(folder, "rescued"))).toBe(false);
    expect(await databases()).toEqual(there);
  });

  test("exit 4 without the right to make a database, with what to do", async () => {
    const ordinary = await createTestInstance();
    try {
      const folder = join(await tempFolder(), "rescued");
      const result = await runCli(["restore", ...ordinary.config, "--rescue", "--rescue-folder", folder, sound]);
      expect(result.exitCode).toBe(4);
      expect(result.stderr).toContain("may not create databases");
      expect(result.stderr).toContain("--rescue-database NAME");
      expect(existsSync(folder)).toBe(false);
    } finally {
      await ordinary.drop();
    }
  });

  test("an interruption takes database and folder back", async () => {
    const folder = join(await tempFolder(), "rescued");
    const there = await databases();
    const stop = new AbortController();
    const running = runCli(["restore", ...instance.config, "--rescue", "--rescue-folder", folder, sound], {
      signal: stop.signal,
    });
    while (!existsSync(join(folder, "file_storage")) && (await databases()).length === there.length)
      await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new AppError("interrupted", "interrupted", {}, 130));
    expect(await running).toMatchObject({ exitCode: 130 });
    expect(existsSync(folder)).toBe(false);
    expect(await databases()).toEqual(there);
  });

  test("a folder that --no-zip wrote, without its table of contents", async () => {
    const folder = await tempFolder();
    const path = join(folder, "archive");
    await runCli(["backup", ...instance.config, "--one-shot", "--no-zip", path]);
    await rm(join(path, "postgres", "toc.dat"));
    const rescued = join(folder, "rescued");
    const result = await rescue("--rescue-folder", rescued, path);
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain("lost: all definitions");
    expect(readdirSync(join(rescued, "tables")).some((name) => name.endsWith("-public.fileobj.copy"))).toBe(true);
    expect(result.stderr).toContain("database none");
  });

  test("a folder whose files are gone: every one that a row names is told", async () => {
    const folder = await tempFolder();
    const path = join(folder, "archive");
    await runCli(["backup", ...instance.config, "--one-shot", "--no-zip", path]);
    for (const name of ["component", "manifest.jsonl", "manifest.sha256"])
      await rm(join(path, name), { recursive: true });
    const rescued = join(folder, "rescued");
    const result = await rescue("--rescue-folder", rescued, path);
    expect(result.exitCode).toBe(3);
    const losses = readFileSync(join(rescued, "losses.jsonl"), "utf8").trimEnd().split("\n");
    const blobs = losses.filter((line) => (JSON.parse(line) as { kind: string }).kind === "blob");
    expect(blobs).toHaveLength(Object.keys(before.blobs).length);
  });

  test("never into a folder of the instance, whatever links lead there", async () => {
    const folder = await tempFolder();
    symlinkSync(instance.sdir, join(folder, "another-name"));
    const { exitCode, stderr } = await rescue("--rescue-folder", join(folder, "another-name", "new"), sound);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("belongs to the configured instance");
    expect(existsSync(join(instance.sdir, "new"))).toBe(false);
  });

  test("where the instance's own database is gone with its machine", async () => {
    const folder = await tempFolder();
    const text = await readFile(instance.config[1], "utf8");
    const config = join(folder, "config.ini");
    const gone = `${instance.database.name}_gone`;
    await writeFile(config, text.replace(`database.name = ${instance.database.name}`, `database.name = ${gone}`));
    const args = ["restore", "--config", config, "--rescue", "--rescue-folder", join(folder, "rescued"), sound];
    const result = await runCli(args);
    expect(result.exitCode, result.stderr).toBe(0);
    expect((await databases()).some((name) => name.startsWith(`${gone}_rescue_`))).toBe(true);
  });

  test("the database of a rescue that was killed is dropped by the next command", async () => {
    const folder = join(await tempFolder(), "rescued");
    const there = await databases();
    const markedBefore = await marked();
    const args = ["restore", ...instance.config, "--rescue", "--rescue-folder", folder, sound];
    const { child, ended } = startProgram(args);
    // Marked, a moment after it was made: before that nobody can know whose it is.
    while ((await marked()) === markedBefore && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    await ended;
    expect((await databases()).length).toBeGreaterThan(there.length);
    // Its session may live a moment longer than it did.
    for (let tries = 0; tries < 50 && (await databases()).length > there.length; tries += 1)
      await runCli(["restore", ...instance.config, "--keep-previous", "0"]);
    expect(await databases()).toEqual(there);
  });

  test("flags that make no sense together", async () => {
    for (const other of ["--in-place", "--side-by-side", "--migrate", "--no-verify", "--undo", "--dry-run"])
      expect(await rescue(other, sound)).toMatchObject({ exitCode: 2 });
    expect(await runCli(["restore", ...instance.config, "--rescue-folder", "x", sound])).toMatchObject({ exitCode: 2 });
    expect(await rescue()).toMatchObject({ exitCode: 2 });
  });
});
