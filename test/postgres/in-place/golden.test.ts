import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { undoInPlace } from "../../../src/postgres/in-place/undo.ts";
import { dropPrevious, findLeftovers, findPrevious } from "../../../src/postgres/in-place/kept-states.ts";
import { preflightInPlace } from "../../../src/postgres/in-place/preflight.ts";
import type { DumpSource } from "../../../src/postgres/load/dump-source.ts";
import { extractDump, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { goldenArchives } from "../../fixtures/golden.ts";
import { createTestDatabase, type TestDatabase } from "../../fixtures/postgres.ts";
import { databasePart, fingerprintDatabase, inPlaceOptions, restoreInPlace } from "./helpers.ts";

describe.skipIf(goldenArchives.length === 0)("golden archives in place", () => {
  const sources = new Map<string, DumpSource>();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ngwbackup-golden-"));
    for (const { name, path } of goldenArchives)
      sources.set(name, await openDumpFolder(await extractDump(path, join(folder, name))));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const superuser of [false, true]) {
    test(
      `each over each other, as ${superuser ? "a superuser" : "an ordinary role"}`,
      { timeout: 600_000 },
      async () => {
        const database = await createTestDatabase({ superuser });
        try {
          // from nothing, upwards, down again, then the pairs that are missing: each over each other, and over itself
          const names = goldenArchives.map(({ name }) => name);
          const pairs = [0, 2, 0, 3, 1, 3, 0].map((index) => names[index]);
          const order = superuser ? [...names, names[0]] : [...names, ...names.toReversed(), ...pairs];
          for (const name of order) {
            if (name === undefined) continue;
            await restoreOne(database, name);
          }
        } finally {
          await database.drop();
        }
      },
    );
  }

  async function restoreOne(database: TestDatabase, name: string): Promise<void> {
    const source = sources.get(name);
    const golden = goldenArchives.find((archive) => archive.name === name);
    if (source === undefined || golden === undefined) throw new Error(name);
    const findings = await preflightInPlace({ settings: database.settings, source });
    expect(findings.filter(({ level }) => level === "fail")).toEqual([]);
    await restoreInPlace(database.settings, source, { keepUntil: false });
    expect(databasePart(await fingerprintDatabase(database.settings)), name).toEqual(databasePart(golden.expected()));
    expect(await findPrevious(database.settings)).toEqual([]);
    expect(await findLeftovers(database.settings)).toEqual([]);
  }

  test("undo gives what was there before, and a kept state is dropped in batches", { timeout: 120_000 }, async () => {
    const database = await createTestDatabase();
    const [first, second] = [goldenArchives[1], goldenArchives[3]];
    if (first === undefined || second === undefined) throw new Error("golden archives are missing");
    try {
      const source = (name: string): DumpSource => sources.get(name) as DumpSource;
      await restoreInPlace(database.settings, source(first.name), { keepUntil: false });
      const before = await fingerprintDatabase(database.settings);
      const runId = await restoreInPlace(database.settings, source(second.name));
      expect((await findPrevious(database.settings)).map((state) => state.runId)).toEqual([runId]);
      const options = inPlaceOptions(database.settings, source(second.name));
      expect(await undoInPlace(options)).toBe(runId);
      expect(await fingerprintDatabase(database.settings)).toEqual(before);
      expect(await findPrevious(database.settings)).toEqual([]);
      expect(await findLeftovers(database.settings)).toEqual([]);

      await restoreInPlace(database.settings, source(second.name));
      await dropPrevious(options);
      expect(databasePart(await fingerprintDatabase(database.settings))).toEqual(databasePart(second.expected()));
    } finally {
      await database.drop();
    }
  });

  test("undo of a restore into an empty database leaves it empty", async () => {
    const database = await createTestDatabase();
    try {
      const before = await fingerprintDatabase(database.settings);
      const source = sources.get("ngw-5.5.0") as DumpSource;
      await restoreInPlace(database.settings, source);
      await undoInPlace(inPlaceOptions(database.settings, source));
      expect(await fingerprintDatabase(database.settings)).toEqual(before);
    } finally {
      await database.drop();
    }
  });
});
