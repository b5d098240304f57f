import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { silentReporter } from "../../../src/progress.ts";
import { accessByNeed } from "../../../src/operations/stores/archive-access.ts";
import { type ArchiveView, viewArchive } from "../../../src/operations/view/archive-view.ts";
import { FileKeys } from "../../../src/operations/view/file-keys.ts";
import { RecordSizes } from "../../../src/operations/view/record-sizes.ts";
import { turnBackTo33 } from "../../fixtures/ngw-archive.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { webContext } from "../../fixtures/web-server.ts";
import { backupTo, sql } from "../increments/changes.ts";

let instance: TestInstance;

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(() => instance.drop());

/** What a backup of the instance as it is now holds. */
async function viewed(): Promise<ArchiveView> {
  const folder = await tempFolder();
  const path = await backupTo(instance, join(folder, "a.ngwbackup"));
  const context = webContext(folder, () => new Date(), new AbortController().signal);
  return (await viewArchive(path, accessByNeed([], context, silentReporter))).view;
}

const layersOf = ({ parts }: ArchiveView): string[] =>
  parts.flatMap(({ kind, name }) => (kind === "layer" ? [name] : [])).toSorted();

test("layers have their names in the shape of each release, and those of their tables where there is none", async () => {
  const names = ["Empty 1", "Points 1", "Points 2", "Polygons 1"];
  expect(layersOf(await viewed())).toEqual(names);
  await turnBackTo33(instance.database.settings);
  expect(layersOf(await viewed())).toEqual(names);
  // As a release might have it that is not there yet.
  await sql(
    instance,
    "ALTER TABLE vector_layer RENAME tbl_uuid TO key",
    "ALTER TABLE vector_layer ALTER key TYPE uuid USING key::uuid",
    "UPDATE resource SET display_name = E'tab\\there, \\\\ and ж' WHERE display_name = 'Empty 1'",
  );
  expect(layersOf(await viewed())).toEqual(["Points 1", "Points 2", "Polygons 1", "tab\there, \\ and ж"]);
  await sql(instance, "ALTER TABLE resource RENAME display_name TO title");
  const unnamed = await viewed();
  expect(layersOf(unnamed).every((name) => /^vector_layer\.layer_[0-9a-f]{32}$/.test(name))).toBe(true);
  expect(layersOf(unnamed)).toHaveLength(4);
});

test("what is of no application is told by its tables, with its large objects", async () => {
  const plain = await createTestInstance();
  try {
    await sql(
      plain,
      "CREATE SCHEMA vector_layer",
      "CREATE TABLE vector_layer.layer_none (id integer)",
      "CREATE TABLE things (id integer); INSERT INTO things SELECT generate_series(1, 5)",
      "SELECT lo_from_bytea(4711, '\\x0102'), lo_from_bytea(4712, '\\x03')",
    );
    const folder = await tempFolder();
    const path = await backupTo(plain, join(folder, "a.ngwbackup"));
    const context = webContext(folder, () => new Date(), new AbortController().signal);
    const { view } = await viewArchive(path, accessByNeed([], context, silentReporter));
    const parts = view.parts.map(({ kind, what, rows, plainBytes }) => [kind, what, rows, plainBytes]);
    expect(parts).toContainEqual(["table", "public.things", 5, 15]);
    expect(parts).toContainEqual(["table", "vector_layer.layer_none", 0, 5]);
    expect(parts).toContainEqual(["large-objects", "large objects", null, 3]);
    expect(view.migrations).toBeNull();
  } finally {
    await plain.drop();
  }
});

test("sets of files tell what one has more, whatever the order; sizes of records are given once", () => {
  const keysOf = (...numbers: number[]): FileKeys => {
    const keys = new FileKeys();
    for (const number of numbers) {
      const uuid = number.toString(16).padStart(32, "0");
      keys.add({ id: 1, identity: "fileobj", payload: { component: "a", uuid } });
    }
    return keys;
  };
  const many = Array.from({ length: 5000 }, (_, index) => index * 7);
  const [all, some] = [keysOf(...many), keysOf(...many.toReversed().slice(10), 1_000_001)];
  expect([all.missing(some), some.missing(all), all.missing(all)]).toEqual([1, 10, 0]);
  const fonts = new FileKeys();
  fonts.add({ id: 1, identity: "font", payload: { component: "core", filename: "a.ttf" } });
  expect(keysOf().missing(fonts)).toBe(1);

  const sizes = new RecordSizes();
  for (let id = 1; id <= 3000; id += 1) sizes.set(id, id, 0);
  sizes.set(4_000_000_000, 1, 1);
  expect([sizes.take(3000), sizes.take(3000), sizes.take(4_000_000_000)]).toEqual([
    { plainBytes: 3000, storedBytes: 0 },
    undefined,
    undefined,
  ]);
  expect([...sizes.rest()]).toHaveLength(2999);
});
