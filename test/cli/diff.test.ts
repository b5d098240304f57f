import { readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { put, seal, takeApart } from "../campaigns/hostile/forge.ts";
import { addBlob, backupTo, removeBlob, sql } from "../operations/increments/changes.ts";

interface Part {
  kind: string;
  name: string;
  what: string;
  rows: number | null;
  files: number | null;
  plainBytes: number;
  before?: Part;
}

interface Summary {
  added: Part[];
  removed: Part[];
  changed: Part[];
  unchanged: number;
  filesAdded: number;
  filesRemoved: number;
  migrationsAdded: string[];
  migrationsRemoved: string[];
}

let instance: TestInstance;
let older: string;
const newer = { full: "", increment: "" };

beforeAll(async () => {
  instance = await createTestInstance();
  const folder = instance.backupFolder;
  await mkdir(folder);
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  // A row that no reader of a small table would take.
  await sql(
    instance,
    "CREATE TABLE flags (id integer, flag boolean); INSERT INTO flags VALUES (1, true)",
    "CREATE TABLE gone (id integer); INSERT INTO gone VALUES (1), (2)",
    `UPDATE resource SET description = repeat(E'a\\tb\\n', 100000) WHERE id = 1`,
  );
  const dropped = await addBlob(instance, 70_000);
  older = await backupTo(instance, join(folder, "older.ngwbackup"));
  await removeBlob(instance, dropped);
  await addBlob(instance, 40_000);
  await addBlob(instance, 30_000);
  const [layer] = await layerTables(instance);
  await sql(
    instance,
    "UPDATE flags SET flag = false",
    "DROP TABLE gone",
    "CREATE TABLE fresh (id integer); INSERT INTO fresh SELECT generate_series(1, 7)",
    `DELETE FROM vector_layer.${layer}`,
    "INSERT INTO core_migration VALUES ('extra', '2a000001')",
  );
  newer.full = await backupTo(instance, join(folder, "newer.ngwbackup"));
  newer.increment = await backupTo(instance, join(folder, "increment.ngwbackup"), "--base", older);
});
afterAll(() => instance.drop());

/** Tables of the layers that hold rows, as the first layers' resources have them. */
async function layerTables({ database }: TestInstance): Promise<string[]> {
  const { withClient } = await import("../fixtures/postgres.ts");
  return await withClient(database.settings, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT 'layer_' || tbl_uuid AS name FROM vector_layer ORDER BY id",
    );
    return rows.map(({ name }) => name);
  });
}

async function diff(...args: string[]): Promise<Summary> {
  const result = await runCli(["diff", "--json", ...instance.config, ...args]);
  expect(result).toMatchObject({ exitCode: 0 });
  return JSON.parse(result.stdout.trimEnd().split("\n").at(-1) ?? "") as Summary;
}

describe("diff", () => {
  test.for(["full", "increment"] as const)(
    "tells what is new, gone and other in a newer archive (%s)",
    async (which) => {
      const found = await diff(older, newer[which]);
      expect(found.added).toMatchObject([{ kind: "table", name: "public.fresh", what: "public.fresh", rows: 7 }]);
      expect(found.removed).toMatchObject([{ kind: "table", name: "public.gone", rows: 2 }]);
      const changed = new Map(found.changed.map((part) => [part.name, part]));
      // A layer goes by its name in the application; a value that is as long as before is another one.
      const [layer] = await layerTables(instance);
      expect(changed.get("Points 1")).toMatchObject({
        kind: "layer",
        what: `vector_layer.${layer}`,
        rows: 0,
        before: { rows: 120 },
      });
      expect(changed.get("public.flags")).toMatchObject({ rows: 1, before: { rows: 1, plainBytes: 9 }, plainBytes: 9 });
      expect(changed.get("extra")).toMatchObject({ kind: "files", files: 2, plainBytes: 70_000, before: { files: 1 } });
      expect([...changed.keys()].toSorted()).toEqual(
        ["Points 1", "extra", "public.core_migration", "public.fileobj", "public.flags"].toSorted(),
      );
      expect(found).toMatchObject({ filesAdded: 2, filesRemoved: 1, migrationsAdded: ["extra:2a000001"] });
      expect(found.migrationsRemoved).toEqual([]);
      expect(found.unchanged).toBeGreaterThan(20);
    },
  );

  test("tells nothing where nothing changed, and people the rest in a table", async () => {
    const same = await diff(newer.full, newer.increment);
    expect(same).toMatchObject({ added: [], removed: [], changed: [], filesAdded: 0, filesRemoved: 0 });
    const shown = await runCli(["diff", ...instance.config, older, newer.full]);
    expect(shown.stdout).toMatch(/^changed +layer +Points 1 +120 -> 0 +\S+ KiB -> \S+ KiB +vector_layer\.layer_/m);
    expect(shown.stdout).toMatch(/^removed +table +public\.gone +2 /m);
    expect(shown.stderr).toContain("2 files more, 1 files less\nmigration applied since: extra:2a000001\n");
    expect((await runCli(["diff", ...instance.config, newer.full, newer.full])).stdout).toBe("");
  });

  test("says what is wrong with an archive that is none", async () => {
    const broken = join(instance.backupFolder, "broken.ngwbackup");
    writeFileSync(broken, "no archive at all");
    expect(await runCli(["diff", ...instance.config, older, broken])).toMatchObject({ exitCode: 5 });
    expect(await runCli(["diff", ...instance.config, older, `${older}.not`])).toMatchObject({ exitCode: 4 });
  });
});

test("files whose index is damaged are not missing without a word", async () => {
  const parts = await takeApart(readFileSync(older));
  const index = "component/file_storage/$index";
  const lines = parts.entries.get(index)!.toString().trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(1);
  lines[1] = lines[1]!.replace('"id":2', '"id":3');
  put(parts, index, Buffer.from(`${lines.join("\n")}\n`));
  const damaged = join(instance.folder, "damaged.ngwbackup");
  writeFileSync(damaged, seal(parts));
  const { exitCode, stderr } = await runCli(["diff", older, damaged]);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toMatch(/files less/);
  expect(stderr).toMatch(/^warning: .*damaged\.ngwbackup: .*\$index: line 2: .*not all told apart$/m);
});
