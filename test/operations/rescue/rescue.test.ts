import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterRestore } from "../../../src/demo/differences.ts";
import type { Fingerprint } from "../../../src/demo/fingerprint.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import type { Loss } from "../../../src/operations/rescue/loss.ts";
import { goldenArchives } from "../../fixtures/golden.ts";
import { writeNgwArchive } from "../../fixtures/ngw-archive.ts";
import { mustSucceed } from "../../fixtures/python.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { type CliResult, runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { type RescueSummary, checkRescue, readRescue } from "./check-rescue.ts";
import { type EntryPlace, type SoundArchive, dataOffset, readSoundArchive } from "./sound-archive.ts";

/** Rescues at random places; with a number by hand, so many and every test for every kind of archive. */
const randomFlips = Number(process.env["NGWBACKUP_TEST_RESCUES"] ?? 2);

const kinds = [
  "zstd",
  "deflate",
  "none",
  "by NextGIS Web",
  "by NextGIS Web, piped",
  "by NextGIS Web, deflated",
] as const;
type Kind = (typeof kinds)[number];

let instance: TestInstance;
let state: Fingerprint;
const archives = new Map<Kind, SoundArchive>();

/** Points enough for several frames in a table. */
const scale = { ...tinyScale, pointLayers: 1, pointsPerLayer: 20_000 };

beforeAll(async () => {
  instance = await createTestInstance({ readyForSideBySide: true });
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale });
  state = afterRestore(await instance.fingerprint());
  for (const kind of kinds) {
    const target = join(instance.folder, `${kind.replaceAll(/\W/g, "-")}.ngwbackup`);
    if (kind.startsWith("by")) {
      await writeNgwArchive({
        settings: instance.database.admin,
        fileStoragePath: join(instance.sdir, "file_storage"),
        fontPath: join(instance.sdir, "core", "fontconfig"),
        target,
        piped: kind.endsWith("piped"),
      });
      if (kind.endsWith("deflated")) await mustSucceed("python3", ["-c", deflateProgram, target]);
    } else {
      const args = ["backup", ...instance.config, "--one-shot", "--compression", kind, target];
      expect(await runCli(args)).toMatchObject({ exitCode: 0 });
    }
    archives.set(kind, await readSoundArchive(target));
  }
});
afterAll(() => instance.drop());

/** Writes all entries of a ZIP again, deflated. */
const deflateProgram = `
import os, sys, zipfile
path = sys.argv[1]
with zipfile.ZipFile(path) as old, zipfile.ZipFile(path + ".new", "w", zipfile.ZIP_DEFLATED) as new:
    for info in old.infolist():
        if not info.is_dir():
            new.writestr(info.filename, old.read(info))
os.replace(path + ".new", path)
`;

interface Damaged {
  result: CliResult;
  summary: RescueSummary;
  losses: Loss[];
}

/** Damages a copy, rescues what is left of it, and checks that against what was there. */
async function rescueDamaged(kind: Kind, damage: (bytes: Buffer, sound: SoundArchive) => Buffer): Promise<Damaged> {
  const sound = archives.get(kind)!;
  const folder = await tempFolder();
  const path = join(folder, "damaged.ngwbackup");
  await writeFile(path, damage(await readFile(sound.path), sound));
  const result = await runCli([
    "restore",
    ...instance.config,
    "--json",
    "--rescue",
    "--rescue-folder",
    join(folder, "rescued"),
    "--rescue-database",
    `${instance.database.name}_${randomInt(2 ** 40).toString(36)}`,
    path,
  ]);
  const { summary, losses } = readRescue(result);
  expect(result.exitCode, result.stdout).toBe(losses.length === 0 ? 0 : 3);
  try {
    await checkRescue(instance, sound, state, { summary, losses });
  } finally {
    const { database } = summary;
    if (database !== null)
      await withClient({ ...instance.database.admin, database: "postgres" }, (client) =>
        client.query(`drop database ${database}`),
      );
  }
  return { result, summary, losses };
}

function flip(bytes: Buffer, offset: number, bit = 3): Buffer {
  bytes[offset]! ^= 1 << bit;
  return bytes;
}

function largestTable(sound: SoundArchive): { table: string; place: EntryPlace } {
  const [table] = [...sound.tables].reduce((a, b) => (b[1].length > a[1].length ? b : a));
  return { table, place: sound.places.get(sound.entryOf(table))! };
}

function entry(sound: SoundArchive, pattern: RegExp): EntryPlace {
  const found = [...sound.places.values()].find(({ name, storedBytes }) => pattern.test(name) && storedBytes > 0);
  if (found === undefined) throw new Error(`no entry ${pattern}`);
  return found;
}

function inData(bytes: Buffer, place: EntryPlace, share = 0.5): number {
  return dataOffset(bytes, place) + Math.floor(place.storedBytes * share);
}

const blobPattern = /^component\/file_storage\/0/;

const every = process.env["NGWBACKUP_TEST_RESCUES"] !== undefined;

describe.each(kinds.filter((kind) => !every && kind !== "zstd" && kind !== "by NextGIS Web"))("archive %s", (kind) => {
  test("a flipped bit in a table, another in a blob", async () => {
    const { losses } = await rescueDamaged(kind, (bytes, sound) => {
      flip(bytes, inData(bytes, entry(sound, blobPattern)));
      return flip(bytes, inData(bytes, largestTable(sound).place));
    });
    expect(new Set(losses.map((loss) => loss.kind)).size).toBeGreaterThan(1);
  });

  test("a central directory that is gone loses nothing", async () => {
    const { losses } = await rescueDamaged(kind, (bytes, sound) => bytes.subarray(0, sound.directoryOffset + 10));
    expect(losses).toEqual([]);
  });

  test("cut off in the middle", async () => {
    const { losses } = await rescueDamaged(kind, (bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    expect(losses.map((loss) => loss.kind)).toContain("unknown");
  });
});

describe.each(kinds.filter((kind) => every || kind === "zstd" || kind === "by NextGIS Web"))("archive %s", (kind) => {
  const isOurs = !kind.startsWith("by");

  test("a sound one comes back whole, exit 0", async () => {
    const { losses, summary } = await rescueDamaged(kind, (bytes) => bytes);
    expect(losses).toEqual([]);
    expect(summary.damages).toEqual([]);
  });

  test("a flipped bit in a table", async () => {
    let table = "";
    const { losses } = await rescueDamaged(kind, (bytes, sound) => {
      const largest = largestTable(sound);
      table = largest.table;
      return flip(bytes, inData(bytes, largest.place));
    });
    expect(losses.length).toBeGreaterThan(0);
    expect(new Set(losses.map(({ what }) => what))).toEqual(new Set([table]));
    if (kind === "zstd" || kind === "deflate") {
      const [loss] = losses;
      const total = archives.get(kind)!.tables.get(table)!.length;
      expect(losses).toHaveLength(1);
      expect(loss).toMatchObject({ kind: "rows", totalRows: total });
      expect(loss!.rows!.to! - loss!.rows!.from + 1).toBeLessThan(total);
    } else expect(losses.map((loss) => loss.kind)).toContain("unproven-rows");
  });

  test("a flipped bit in a blob", async () => {
    const { losses } = await rescueDamaged(kind, (bytes, sound) =>
      flip(bytes, inData(bytes, entry(sound, blobPattern))),
    );
    expect(losses).toHaveLength(1);
    expect(losses[0]).toMatchObject({
      kind: "blob",
      keptAs: expect.stringMatching(/^damaged\/file_storage\//) as string,
    });
  });

  test("a flipped bit in the index", async () => {
    const { summary } = await rescueDamaged(kind, (bytes, sound) =>
      flip(bytes, inData(bytes, entry(sound, /^component\/file_storage\/\$index$/))),
    );
    // Names come by the lines that are left, and by the rows of fileobj.
    expect(summary.files).toBe(Object.keys(state.blobs).length + Object.keys(state.fonts).length);
    expect(summary.unnamedFiles).toBe(0);
  });

  test("a flipped bit in the table of contents", async () => {
    const { losses, summary } = await rescueDamaged(kind, (bytes, sound) =>
      flip(bytes, inData(bytes, entry(sound, /^postgres\/toc\.dat$/))),
    );
    expect(losses.map((loss) => loss.kind)).toContain("definitions");
    expect(summary.database).toBeNull();
    expect(summary.rows).toBe([...archives.get(kind)!.tables.values()].reduce((sum, rows) => sum + rows.length, 0));
    expect(summary.files).toBe(Object.keys(state.blobs).length + Object.keys(state.fonts).length);
  });

  test("a central directory that is gone loses nothing", async () => {
    const { losses, summary } = await rescueDamaged(kind, (bytes, sound) =>
      bytes.subarray(0, sound.directoryOffset + 10),
    );
    expect(losses).toEqual([]);
    expect(summary.damages.length).toBeGreaterThan(0);
  });

  test("a flipped bit in the central directory loses nothing", async () => {
    const { losses } = await rescueDamaged(kind, (bytes, sound) =>
      flip(bytes, sound.directoryOffset + Math.floor((bytes.length - sound.directoryOffset) / 2)),
    );
    expect(losses).toEqual([]);
  });

  test("a local header that is gone loses nothing while the central directory is there", async () => {
    const { losses } = await rescueDamaged(kind, (bytes, sound) => {
      const { headerOffset } = largestTable(sound).place;
      bytes.fill(0, headerOffset, headerOffset + 30);
      return bytes;
    });
    expect(losses).toEqual([]);
  });

  test.each([0.3, 0.6, 0.95])("cut off at %f of its length", async (share) => {
    const { losses } = await rescueDamaged(kind, (bytes) => bytes.subarray(0, Math.floor(bytes.length * share)));
    expect(losses.map((loss) => loss.kind)).toContain("unknown");
  });

  test("bytes inserted into a table and cut out of a blob", async () => {
    const { losses } = await rescueDamaged(kind, (bytes, sound) => {
      const table = inData(bytes, largestTable(sound).place);
      const blob = inData(bytes, entry(sound, blobPattern));
      const [first, second] = table < blob ? [table, blob] : [blob, table];
      const middle = bytes.subarray(first, second);
      const put = Buffer.from("seven!!");
      return table < blob
        ? Buffer.concat([bytes.subarray(0, first), put, middle, bytes.subarray(second + 11)])
        : Buffer.concat([bytes.subarray(0, first), middle.subarray(11), put, bytes.subarray(second)]);
    });
    expect(losses.length).toBeGreaterThan(0);
  });

  test.runIf(isOurs)("a flipped bit in the manifest loses nothing", async () => {
    const { losses } = await rescueDamaged(kind, (bytes, sound) =>
      flip(bytes, inData(bytes, entry(sound, /^manifest/))),
    );
    expect(losses).toEqual([]);
  });

  test("bits flipped anywhere", async () => {
    for (let index = 0; index < randomFlips; index += 1)
      await rescueDamaged(kind, (bytes) => {
        for (let flips = 0; flips < 3; flips += 1) flip(bytes, randomInt(bytes.length), randomInt(8));
        return bytes;
      });
  });
});

describe.skipIf(goldenArchives.length === 0)("archives of real installations", () => {
  test.each(goldenArchives)("$name, damaged in a table, a blob and its end", async (golden) => {
    const other = await createTestInstance({ superuser: true });
    try {
      const sound = await readSoundArchive(golden.path);
      const folder = await tempFolder();
      const path = join(folder, "damaged.ngwbackup");
      const bytes = await readFile(golden.path);
      flip(bytes, inData(bytes, largestTable(sound).place));
      flip(bytes, inData(bytes, entry(sound, blobPattern)));
      await writeFile(path, bytes.subarray(0, sound.directoryOffset));
      const rescued = join(folder, "rescued");
      const args = ["restore", ...other.config, "--json", "--rescue", "--rescue-folder", rescued, path];
      const result = await runCli(args);
      expect(result.exitCode, result.stdout).toBe(3);
      const { summary, losses } = readRescue(result);
      expect(losses.filter(({ kind }) => kind === "blob")).toHaveLength(1);
      expect(losses.map(({ what }) => what)).toContain(largestTable(sound).table);
      await checkRescue(other, sound, golden.expected(), { summary, losses });
    } finally {
      await other.drop();
    }
  });
});
