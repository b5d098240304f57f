import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { readManifest } from "../../../src/archive/manifest.ts";
import { openFileSource } from "../../../src/stores/file-source.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { addBlob, backupTo, blobFile, realDifferences, sql } from "./changes.ts";

let instance: TestInstance;
let full: string;
let second: string;
let third: string;
let blob: string;

beforeAll(async () => {
  instance = await createTestInstance();
  mkdirSync(instance.backupFolder);
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await sql(
    instance,
    "CREATE TABLE rows_of_some_size (id integer, text text)",
    "INSERT INTO rows_of_some_size SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 30000) n",
  );
  blob = await addBlob(instance, 50_000);
  full = await backupTo(instance, join(instance.backupFolder, "full.ngwbackup"));
  await sql(instance, "UPDATE rows_of_some_size SET text = 'other' WHERE id = 15000");
  second = await backupTo(instance, join(instance.backupFolder, "second.ngwbackup"), "--base", full);
  await sql(instance, "UPDATE rows_of_some_size SET text = 'other' WHERE id = 5");
  third = await backupTo(instance, join(instance.backupFolder, "third.ngwbackup"), "--base", second);
}, 120_000);
afterAll(() => instance.drop());

/** A folder with copies of some archives. */
async function copies(...paths: string[]): Promise<string> {
  const folder = await tempFolder();
  for (const path of paths) copyFileSync(path, join(folder, path.slice(path.lastIndexOf("/") + 1)));
  return folder;
}

/** Waits until somebody waits for a lock on a table. */
async function someoneWaits(client: Client, table: string): Promise<void> {
  const waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = $1::regclass";
  for (let turn = 0; turn < 1000; turn += 1) {
    if ((await client.query(waiting, [table])).rowCount !== 0) return;
    await sleep(10);
  }
  throw new Error("nobody waits");
}

describe("an archive that is to be referred to", () => {
  const refused = async (args: readonly string[], exitCode: number, message: string | RegExp): Promise<void> => {
    const folder = await tempFolder();
    const result = await runCli(["backup", ...instance.config, ...args, join(folder, "x.ngwbackup")]);
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(result.stderr).toMatch(message);
    expect(readdirSync(folder)).toEqual([]);
  };

  test("is there", async () => {
    await refused(["--base", "/nowhere/at-all.ngwbackup"], 4, "error: there is no archive /nowhere/at-all.ngwbackup");
  });

  test("is done without, with --base latest, where there is none", async () => {
    const path = join(await tempFolder(), "x.ngwbackup");
    const made = await runCli(["backup", ...instance.config, "--one-shot", "--base", "latest", path]);
    expect(made).toMatchObject({ exitCode: 0, stdout: `${path}\n` });
    expect(made.stderr).toMatch(
      /warning: there is no archive in .* that this backup could refer to, so it is a full one/,
    );
    const listed = await runCli(["inspect", "--json", path]);
    expect(JSON.parse(listed.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ base: [] });
  });

  test("is a file, and not a stream or a folder", async () => {
    await refused(["--base", "-"], 2, "error: --base names an archive that stays");
    const folder = join(await tempFolder(), "folder");
    await runCli(["backup", ...instance.config, "--one-shot", "--no-zip", folder]);
    await refused(["--base", folder], 4, /is a folder, and only an archive that is a file can be referred to\nhint: /);
  });

  test("is of the same instance and compression", async () => {
    const deflated = join(await tempFolder(), "deflated.ngwbackup");
    await backupTo(instance, deflated, "--compression", "deflate");
    await refused(
      ["--base", deflated],
      4,
      /cannot be referred to: it was made with --compression deflate, not zstd\nhint: /,
    );
    const other = await createTestInstance();
    try {
      const options = { settings: other.database.settings, sdir: other.sdir, scale: tinyScale, seed: "other" };
      await createInstance(options);
      const foreign = await backupTo(other, join(await tempFolder(), "foreign.ngwbackup"));
      await refused(["--base", foreign], 4, /cannot be referred to: it is of another instance \(expected .*, found /);
    } finally {
      await other.drop();
    }
  });

  test("is sound, with all that it refers to itself", async () => {
    const folder = await copies(full);
    const path = join(folder, "full.ngwbackup");
    writeFileSync(path, readFileSync(path).subarray(0, -50));
    await refused(["--base", path], 4, /error: this archive cannot be referred to: .*full\.ngwbackup/);
    const alone = await copies(third, second);
    await refused(
      ["--base", join(alone, "third.ngwbackup")],
      4,
      /refers to the archive full\.ngwbackup of .*, which is not there/,
    );
  });

  test("is not what it would replace, and goes with neither --no-zip nor another compression", async () => {
    const flags = ["backup", ...instance.config, "--overwrite", "--base"];
    const over = await runCli([...flags, second, full]);
    expect(over.exitCode).toBe(4);
    expect(over.stderr).toContain("error: the new archive would replace full.ngwbackup, which it refers to");
    await refused(["--base", full, "--no-zip"], 2, "--base and --no-zip exclude each other");
    await refused(["--base", full, "--compression", "deflate"], 2, /NextGIS Web could not read.*\nhint: .*consolidate/);
    await refused(["--reread"], 2, "--reread belongs to --base");
  });

  test("is known by its own name, also where a link leads to it", async () => {
    const folder = await copies(full, second, third);
    symlinkSync("second.ngwbackup", join(folder, "newest"));
    const made = await backupTo(instance, join(folder, "x.ngwbackup"), "--base", join(folder, "newest"));
    expect((await runCli(["inspect", made])).stdout).toMatch(/^refers to +second\.ngwbackup of /m);
    const elsewhere = await tempFolder();
    symlinkSync(folder, join(elsewhere, "there"));
    const flags = ["backup", ...instance.config, "--overwrite", "--base", join(elsewhere, "there", "second.ngwbackup")];
    const over = await runCli([...flags, join(folder, "second.ngwbackup")]);
    expect(over.stderr).toContain("error: the new archive would replace second.ngwbackup, which it refers to");
    expect(over.exitCode).toBe(4);
  });

  test("is still there when the archive that refers to it is to get its name", async () => {
    const folder = await copies(full);
    const base = join(folder, "full.ngwbackup");
    await withClient(instance.database.settings, async (client) => {
      await client.query("BEGIN");
      await client.query("LOCK TABLE fileobj IN ROW EXCLUSIVE MODE");
      const running = runCli(["backup", ...instance.config, "--base", base, join(folder, "x.ngwbackup")]);
      await someoneWaits(client, "fileobj");
      rmSync(base);
      await client.query("ROLLBACK");
      const result = await running;
      expect(result.stderr).toMatch(/error: the new archive refers to the archive full\.ngwbackup, which is not there/);
      expect(result).toMatchObject({ exitCode: 4, stdout: "" });
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is found as the newest that is whole, with --base latest", async () => {
    const folder = await copies(full, second, third);
    writeFileSync(join(folder, "second.ngwbackup"), "broken");
    const made = await runCli(["backup", ...instance.config, "--base", "latest", join(folder, "x.ngwbackup")]);
    expect(made).toMatchObject({ exitCode: 0 });
    expect(made.stderr).toMatch(/third\.ngwbackup is passed over for --base latest: /);
    expect((await runCli(["inspect", made.stdout.trim()])).stdout).toMatch(/^refers to +full\.ngwbackup of /m);
    expect(await runCli(["verify", made.stdout.trim()])).toMatchObject({ exitCode: 0 });
  });

  test("may stand elsewhere, which is said, and found by base.path", async () => {
    const elsewhere = await tempFolder();
    const made = await backupTo(instance, join(elsewhere, "apart.ngwbackup"), "--base", second);
    const missing = await runCli(["verify", made], { env: { NEXTGISWEB_CONFIG: "" }, cwd: elsewhere });
    expect(missing).toMatchObject({ exitCode: 4 });
    expect(missing.stdout).toMatch(/^bad .*apart\.ngwbackup: .*refers to the archive \w+\.ngwbackup of/);
    const env = { NEXTGISWEB__NGWBACKUP__BASE__PATH: instance.backupFolder };
    expect(await runCli(["verify", made], { env, cwd: elsewhere })).toMatchObject({ exitCode: 0 });
    const result = await runCli(["backup", ...instance.config, "--base", second, join(elsewhere, "more.ngwbackup")]);
    expect(result.stderr).toMatch(/warning: the new archive refers to .*second\.ngwbackup, which is in another place/);
  });
});

describe("an archive that refers to others", () => {
  test("is not restored without them, nor with one of the same name, which is said before anything is touched", async () => {
    const before = await instance.fingerprint();
    const folder = await copies(third, full);
    const path = join(folder, "third.ngwbackup");
    const restore = ["restore", ...instance.config, "--yes", path];
    const missing = await runCli(restore);
    expect(missing).toMatchObject({ exitCode: 4, stdout: "" });
    expect(missing.stderr).toMatch(
      /error: .*third\.ngwbackup refers to the archive second\.ngwbackup of .*, which is not there\n {2}looked for /,
    );
    expect(missing.stderr).toContain("hint: put second.ngwbackup beside it");
    copyFileSync(full, join(folder, "second.ngwbackup"));
    const wrong = await runCli(restore);
    expect(wrong).toMatchObject({ exitCode: 5, stdout: "" });
    expect(wrong.stderr).toMatch(
      /refers to another archive than .*second\.ngwbackup: expected manifest sha256 [0-9a-f]{64}, found/,
    );
    expect(realDifferences(before, await instance.fingerprint())).toEqual([]);
    const listed = await runCli(["list", folder]);
    expect(listed.stdout).toMatch(/ yes .* complete .*third\.ngwbackup/);
    renameSync(join(folder, "second.ngwbackup"), join(folder, "other.ngwbackup"));
    expect((await runCli(["list", folder])).stdout).toMatch(/complete, not beside it: second\.ngwbackup/);
  });

  test("finds them beside itself, also where a link leads to it", async () => {
    const folder = await tempFolder();
    symlinkSync(third, join(folder, "newest"));
    expect(
      await runCli(["verify", join(folder, "newest")], { env: { NEXTGISWEB_CONFIG: "" }, cwd: folder }),
    ).toMatchObject({ exitCode: 0 });
  });

  test("is not rescued, with the way that there is", async () => {
    const result = await runCli(["restore", ...instance.config, "--rescue", third]);
    expect(result).toMatchObject({ exitCode: 4, stdout: "" });
    expect(result.stderr).toMatch(/refers to other archives, and --rescue takes one that stands for itself/);
    expect(result.stderr).toContain("full.ngwbackup of ");
  });

  test("is found damaged wherever the damage is, in itself or in one that it refers to", async () => {
    const reader = await openZipArchive(await openFileSource(third));
    const manifest = await readManifest(reader);
    await reader.close();
    const table = [...(manifest?.entries.values() ?? [])].find(({ table: of }) => of?.name === "rows_of_some_size");
    const ids = new Map((manifest?.header.base ?? []).map(({ id, fileName }) => [id, fileName]));
    expect(new Set((table?.parts ?? []).map(([archive]) => ids.get(archive)))).toEqual(
      new Set([undefined, "full.ngwbackup", "second.ngwbackup"]),
    );
    for (const [archive, name, offset] of table?.parts ?? []) {
      const folder = await copies(full, second, third);
      const path = join(folder, ids.get(archive) ?? "third.ngwbackup");
      const bytes = readFileSync(path);
      const at = bytes.indexOf(name === "" ? table!.name : name) + 150 + offset;
      bytes[at]! ^= 4;
      writeFileSync(path, bytes);
      const verified = await runCli(["verify", join(folder, "third.ngwbackup")]);
      expect(verified, path).toMatchObject({ exitCode: 5 });
      expect(verified.stdout).toMatch(/^bad .*third\.ngwbackup: entry postgres\/\d+\.dat\.zst: /);
      const restored = await runCli(["restore", ...instance.config, "--yes", join(folder, "third.ngwbackup")]);
      expect(restored, path).toMatchObject({ exitCode: 5, stdout: "" });
      expect(await runCli(["consolidate", join(folder, "third.ngwbackup"), join(folder, "x.ngwbackup")])).toMatchObject(
        {
          exitCode: 5,
          stdout: "",
        },
      );
      expect(readdirSync(folder).toSorted()).toEqual(["full.ngwbackup", "second.ngwbackup", "third.ngwbackup"]);
    }
  });

  test("holds a file anew that --reread finds with another content, and takes it from the other without", async () => {
    const path = blobFile(instance, blob);
    const sound = readFileSync(path);
    const changed = Buffer.from(sound);
    changed[7]! ^= 1;
    writeFileSync(path, changed);
    const folder = await copies(full);
    const base = ["--base", join(folder, "full.ngwbackup")];
    const backup = async (name: string, ...flags: string[]): Promise<string> => {
      const result = await runCli(["backup", ...instance.config, "--one-shot", ...base, ...flags, join(folder, name)]);
      expect(result.exitCode).toBe(0);
      return result.stderr;
    };
    try {
      expect(await backup("reread.ngwbackup", "--reread")).toMatch(
        /warning: blob extra\/.*: its file has another content/,
      );
      expect(await backup("trusting.ngwbackup")).not.toContain("another content");
      writeFileSync(path, sound.subarray(0, 100));
      expect(await backup("short.ngwbackup")).toMatch(/its file has 100 bytes, and its row says 50000/);
    } finally {
      writeFileSync(path, sound);
    }
    const contentIn = async (name: string): Promise<Buffer> => {
      const restored = await runCli([
        "restore",
        ...instance.config,
        "--yes",
        "--keep-previous",
        "0",
        join(folder, name),
      ]);
      expect(restored).toMatchObject({ exitCode: 0 });
      return readFileSync(path);
    };
    expect((await contentIn("reread.ngwbackup")).equals(changed)).toBe(true);
    expect((await contentIn("short.ngwbackup")).equals(sound)).toBe(true);
  });
});
