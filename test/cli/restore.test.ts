import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { copyFile, mkdir, rename, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import { type Fingerprint, fingerprintInstance } from "../../src/demo/fingerprint.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { turnBackTo33, writeNgwArchive } from "../fixtures/ngw-archive.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let source: TestInstance;
let sourceState: Fingerprint;
let archive: string;

async function filledInstance(seed?: string): Promise<TestInstance> {
  const instance = await createTestInstance();
  await createInstance({
    settings: instance.database.settings,
    sdir: instance.sdir,
    scale: tinyScale,
    ...(seed === undefined ? {} : { seed }),
  });
  return instance;
}

beforeAll(async () => {
  source = await filledInstance();
  const backup = await runCli(["backup", ...source.config, "--one-shot"]);
  archive = backup.stdout.trim();
  sourceState = afterRestore(await source.fingerprint());
});
afterAll(() => source.drop());

/** Runs against an instance that holds something else, and drops it. */
async function withOther(action: (instance: TestInstance, before: Fingerprint) => Promise<void>): Promise<void> {
  const instance = await filledInstance("another");
  try {
    await action(instance, await instance.fingerprint());
  } finally {
    await instance.drop();
  }
}

describe("restore in place", () => {
  test("replaces another instance, keeps it, and undoes; files too", async () => {
    await withOther(async (instance, before) => {
      const restored = await runCli(["restore", ...instance.config, "--in-place", archive]);
      expect(restored).toMatchObject({ exitCode: 0, stdout: "" });
      expect(restored.stderr).toContain("restore --undo brings it back");
      const kept = await instance.fingerprint();
      expect(kept.blobs).toEqual(sourceState.blobs);
      expect(kept.fonts).toEqual(sourceState.fonts);
      const undone = await runCli(["restore", ...instance.config, "--undo"]);
      expect(undone).toMatchObject({ exitCode: 0, stdout: "" });
      expect(differences(before, await instance.fingerprint())).toEqual([]);
      expect(readdirSync(instance.sdir)).not.toContain("ngwbackup");
      expect(await runCli(["restore", ...instance.config, "--undo"])).toMatchObject({ exitCode: 4 });
    });
  });

  test("with --keep-previous 0 nothing but the archive's state is left", async () => {
    await withOther(async (instance) => {
      const args = ["restore", ...instance.config, "--in-place", "--keep-previous", "0", archive];
      expect(await runCli(args)).toMatchObject({ exitCode: 0 });
      expect(differences(sourceState, await instance.fingerprint())).toEqual([]);
      expect(readdirSync(instance.sdir)).not.toContain("ngwbackup");
    });
  });

  test("the kept state is dropped by --keep-previous 0 alone, and by time", async () => {
    await withOther(async (instance) => {
      const restore = ["restore", ...instance.config, "--in-place", "--keep-previous", "1h", archive];
      expect(await runCli(restore)).toMatchObject({ exitCode: 0 });
      const drop = await runCli(["restore", ...instance.config, "--keep-previous", "0"]);
      expect(drop.stderr).toContain("dropped the previous state");
      expect(differences(sourceState, await instance.fingerprint())).toEqual([]);
      expect(await runCli(restore)).toMatchObject({ exitCode: 0 });
      const later = new Date(Date.now() + 2 * 3600 * 1000);
      const check = await runCli(["check", ...instance.config], { now: later });
      expect(check).toMatchObject({ exitCode: 0 });
      expect(check.stderr).toContain("dropped the previous state of database and files, whose time was over");
      expect(differences(sourceState, await instance.fingerprint())).toEqual([]);
      expect(readdirSync(instance.sdir)).not.toContain("ngwbackup");
    });
  });

  test("a truncated blob that is there already is replaced, a good one reused", async () => {
    await withOther(async (instance) => {
      const args = ["restore", ...instance.config, "--in-place", "--keep-previous", "0", archive];
      expect(await runCli(args)).toMatchObject({ exitCode: 0 });
      const root = join(instance.sdir, "file_storage");
      const [first, second] = Object.keys(sourceState.blobs);
      await truncate(join(root, first!), 3);
      const { ino } = statSync(join(root, second!));
      expect(await runCli(args)).toMatchObject({ exitCode: 0 });
      expect(differences(sourceState, await instance.fingerprint())).toEqual([]);
      expect(statSync(join(root, second!)).ino).toBe(ino);
    });
  });

  test("from stdin and from a folder", async () => {
    await withOther(async (instance) => {
      const args = ["restore", ...instance.config, "--in-place", "--keep-previous", "0"];
      const piped = await runCli([...args, "-"], { stdin: createReadStream(archive) });
      expect(piped).toMatchObject({ exitCode: 0 });
      expect(piped.stderr).toContain("copying stdin into a temporary file");
      expect(differences(sourceState, await instance.fingerprint())).toEqual([]);
      const folder = join(await tempFolder(), "unzipped");
      expect(await runCli(["backup", ...source.config, "--one-shot", "--no-zip", folder])).toMatchObject({
        exitCode: 0,
      });
      expect(await runCli([...args, folder])).toMatchObject({ exitCode: 0 });
      expect(differences(sourceState, await instance.fingerprint())).toEqual([]);
    });
  });

  test("undo does not mind tiles that were cached meanwhile, and brings shared blobs back that were deleted", async () => {
    await withOther(async (instance) => {
      const args = ["restore", ...instance.config, "--in-place", archive];
      expect(await runCli([...args, "--keep-previous", "0"])).toMatchObject({ exitCode: 0 });
      const before = await instance.fingerprint();
      const tile = join(instance.sdir, "render", "tile_cache", "aa", "bb");
      await mkdir(tile, { recursive: true });
      writeFileSync(join(tile, "old"), "old tile");
      expect(await runCli(args)).toMatchObject({ exitCode: 0 });
      await mkdir(tile, { recursive: true });
      writeFileSync(join(tile, "new"), "new tile");
      await rm(join(instance.sdir, "file_storage", Object.keys(before.blobs)[0]!));
      expect(await runCli(["restore", ...instance.config, "--undo"])).toMatchObject({ exitCode: 0 });
      expect(differences(before, await instance.fingerprint())).toEqual([]);
      expect(await runCli(["check", ...instance.config])).toMatchObject({ exitCode: 0 });
    });
  });

  test("an undo without the files of the previous state is refused", async () => {
    await withOther(async (instance) => {
      expect(await runCli(["restore", ...instance.config, "--in-place", archive])).toMatchObject({ exitCode: 0 });
      const kept = await instance.fingerprint();
      await rename(join(instance.sdir, "ngwbackup"), join(instance.sdir, "elsewhere"));
      expect(await runCli(["restore", ...instance.config, "--undo"])).toMatchObject({ exitCode: 4 });
      expect(differences(kept, await instance.fingerprint())).toEqual([]);
    });
  });

  test.skipIf(!existsSync("/dev/shm"))("blobs may stand on another file system than the data folder", async () => {
    const storage = mkdtempSync("/dev/shm/ngwbackup-test-");
    const instance = await createTestInstance({ extraConfig: `[file_storage]\npath = ${join(storage, "blobs")}` });
    try {
      const found = (): Promise<Fingerprint> =>
        fingerprintInstance(instance.database.admin, join(storage, "blobs"), join(instance.sdir, "core", "fontconfig"));
      const fileStoragePath = join(storage, "blobs");
      await createInstance({
        settings: instance.database.settings,
        sdir: instance.sdir,
        fileStoragePath,
        scale: tinyScale,
        seed: "another",
      });
      const before = await found();
      expect(await runCli(["restore", ...instance.config, "--in-place", archive])).toMatchObject({ exitCode: 0 });
      expect((await found()).fonts).toEqual(sourceState.fonts);
      expect((await found()).blobs).toEqual(sourceState.blobs);
      expect(await runCli(["restore", ...instance.config, "--undo"])).toMatchObject({ exitCode: 0 });
      expect(differences(before, await found())).toEqual([]);
    } finally {
      await instance.drop();
      rmSync(storage, { recursive: true, force: true });
    }
  });

  test("--dry-run prints the plan and changes nothing", async () => {
    await withOther(async (instance, before) => {
      const result = await runCli(["restore", ...instance.config, "--dry-run", archive]);
      expect(result).toMatchObject({ exitCode: 0, stdout: "" });
      expect(result.stderr).toContain("plan: replace database");
      const json = await runCli(["restore", "--json", ...instance.config, "--dry-run", archive]);
      const summary = JSON.parse(json.stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
      // What comes, and what it would take the place of.
      expect(summary).toMatchObject({
        type: "summary",
        dryRun: true,
        possible: true,
        database: instance.database.name,
      });
      const { tables, rows, files, fileBytes, snapshotAt, present } = summary as Record<string, number> & {
        present: Record<string, number>;
      };
      expect([tables, rows, files, fileBytes].every((count) => count !== undefined && count > 0)).toBe(true);
      expect(Number.isNaN(Date.parse(String(snapshotAt)))).toBe(false);
      expect(summary).toHaveProperty("pendingMigrations");
      const { tables: tableStates, blobs } = before;
      expect(present).toMatchObject({ tables: Object.keys(tableStates).length, files: Object.keys(blobs).length });
      expect(present["databaseBytes"]).toBeGreaterThan(1_000_000);
      expect(differences(before, await instance.fingerprint())).toEqual([]);
    });
  });
});

describe("archives as NextGIS Web writes them, made without our code", () => {
  test.each([
    ["a ZIP", { piped: false, fonts: true, release: "5" }],
    ["a ZIP written to a pipe", { piped: true, fonts: true, release: "5" }],
    ["a folder", { kind: "folder", fonts: true, release: "5" }],
    ["a ZIP of the shape of 3.3", { piped: true, fonts: false, release: "3.3" }],
  ] as const)("%s restores", async (_name, options) => {
    const old = await filledInstance("old");
    try {
      if (options.release === "3.3") await turnBackTo33(old.database.settings);
      const target = join(await tempFolder(), "ngw.ngwbackup");
      await writeNgwArchive({
        settings: old.database.settings,
        fileStoragePath: join(old.sdir, "file_storage"),
        target,
        ...(options.fonts ? { fontPath: join(old.sdir, "core", "fontconfig") } : {}),
        ...("kind" in options ? { kind: options.kind } : { piped: options.piped }),
      });
      expect(await runCli(["verify", target])).toMatchObject({ exitCode: 0, stdout: `ok ${target}\n` });
      const expected = afterRestore(await old.fingerprint());
      await withOther(async (instance) => {
        const args = ["restore", ...instance.config, "--in-place", "--keep-previous", "0", target];
        expect(await runCli(args)).toMatchObject({ exitCode: 0 });
        const state = options.fonts ? expected : { ...expected, fonts: {} };
        expect(differences(state, await instance.fingerprint())).toEqual([]);
      });
    } finally {
      await old.drop();
    }
  });
});

describe("what is refused leaves the instance untouched", () => {
  let instance: TestInstance;
  let before: Fingerprint;
  beforeAll(async () => {
    instance = await filledInstance("another");
    before = await instance.fingerprint();
  });
  afterAll(() => instance.drop());
  const untouched = async (): Promise<void> => {
    expect(differences(before, await instance.fingerprint())).toEqual([]);
    expect(readdirSync(instance.sdir)).not.toContain("ngwbackup");
  };

  test("a service that runs: sessions are named, exit 4", async () => {
    await withClient({ ...instance.database.settings }, async () => {
      const result = await runCli(["restore", ...instance.config, archive]);
      expect(result).toMatchObject({ exitCode: 4, stdout: "" });
      expect(result.stderr).toMatch(/error: 1 session is connected/);
      expect(result.stderr).toMatch(/pid \d+/);
      expect(result.stderr).toContain("systemctl stop ngw.service");
    });
    await untouched();
  });

  test("a truncated archive: exit 5", async () => {
    const path = join(await tempFolder(), "short.ngwbackup");
    await copyFile(archive, path);
    for (const part of [0.2, 0.5, 0.999]) {
      await copyFile(archive, path);
      await truncate(path, Math.floor(statSync(archive).size * part));
      const result = await runCli(["restore", ...instance.config, path]);
      expect(result).toMatchObject({ exitCode: 5, stdout: "" });
      expect(result.stderr).toMatch(/^error: .*expected .*found /m);
    }
    await untouched();
  });

  test("a flipped bit anywhere: verify exit 5 names the place, restore exit 5", async () => {
    const path = join(await tempFolder(), "flipped.ngwbackup");
    const bytes = readFileSync(archive);
    for (let step = 1; step < 12; step += 1) {
      const flipped = Buffer.from(bytes);
      const at = Math.floor((bytes.length * step) / 12);
      flipped[at] = flipped[at]! ^ 0x10;
      writeFileSync(path, flipped);
      const verified = await runCli(["verify", path]);
      expect({ at, exitCode: verified.exitCode }).toEqual({ at, exitCode: 5 });
      expect(verified.stdout).toMatch(/^bad .*: .*expected .*found /m);
      expect(await runCli(["restore", ...instance.config, path])).toMatchObject({ exitCode: 5 });
    }
    await untouched();
  });

  test("a folder, a text file, an empty file, nothing: each says so", async () => {
    const folder = await tempFolder();
    const text = join(folder, "text.ngwbackup");
    writeFileSync(text, "this is no archive\n".repeat(100));
    const empty = join(folder, "empty.ngwbackup");
    writeFileSync(empty, "");
    for (const [path, exitCode] of [
      [folder, 5],
      [text, 5],
      [empty, 5],
      [join(folder, "none"), 4],
    ] as const) {
      const result = await runCli(["restore", ...instance.config, path]);
      expect({ path, exitCode: result.exitCode, stdout: result.stdout }).toEqual({ path, exitCode, stdout: "" });
      expect(result.stderr).toContain(path);
    }
    await untouched();
  });

  test("a table whose rows are missing, even without reading everything: exit 5", async () => {
    const folder = join(await tempFolder(), "unzipped");
    expect(await runCli(["backup", ...source.config, "--one-shot", "--no-zip", folder])).toMatchObject({ exitCode: 0 });
    const rows = readdirSync(join(folder, "postgres")).find((name) => name.endsWith(".dat.zst"))!;
    rmSync(join(folder, "postgres", rows));
    const result = await runCli(["restore", ...instance.config, "--no-verify", folder]);
    expect(result).toMatchObject({ exitCode: 5, stdout: "" });
    expect(result.stderr).toContain(rows);
    await untouched();
  });

  test("a wrong use: exit 2", async () => {
    for (const args of [
      [],
      ["--in-place", "--side-by-side", archive],
      ["--undo", archive],
      ["--no-such-flag", archive],
    ])
      expect(await runCli(["restore", ...instance.config, ...args])).toMatchObject({ exitCode: 2, stdout: "" });
    await untouched();
  });
});
