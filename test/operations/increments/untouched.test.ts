import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { sql } from "./changes.ts";

interface Summary {
  path: string;
  tableBytes: number;
  untouchedTableBytes: number;
}

let instance: TestInstance;
let made = 0;

beforeAll(async () => {
  instance = await createTestInstance();
  await mkdir(instance.backupFolder);
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await sql(
    instance,
    "CREATE TABLE large (id integer, name text)",
    "INSERT INTO large SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 150000) n",
  );
}, 120_000);
afterAll(() => instance.drop());

/** A backup, not `--one-shot`: its time is written into the database. */
async function backup(...flags: string[]): Promise<Summary> {
  made += 1;
  const path = join(instance.backupFolder, `${made}.ngwbackup`);
  const result = await runCli(["backup", ...instance.config, "--json", ...flags, path]);
  expect(result.exitCode, result.stderr).toBe(0);
  return JSON.parse(result.stdout.trim().split("\n").at(-1)!) as Summary;
}

const shareRead = ({ tableBytes, untouchedTableBytes }: Summary): number => 1 - untouchedTableBytes / tableBytes;

describe("rows that nobody has touched", () => {
  test("are not read, and stand in the archive all the same", async () => {
    const full = await backup();
    expect(full.untouchedTableBytes).toBe(0);
    const next = await backup("--base", full.path);
    expect(shareRead(next)).toBeLessThan(0.05);
    expect(next.tableBytes).toBeCloseTo(full.tableBytes, -3);
    expect(statSync(next.path).size).toBeLessThan(statSync(full.path).size / 10);
    expect(await runCli(["verify", next.path])).toMatchObject({ exitCode: 0 });
    const third = await backup("--base", "latest");
    expect(shareRead(third)).toBeLessThan(0.05);
  });

  test("people are told how much that was", async () => {
    const result = await runCli([
      "backup",
      ...instance.config,
      "--base",
      "latest",
      join(instance.backupFolder, "told"),
    ]);
    expect(result.stderr).toMatch(/[\d.]+ MiB of rows were not read: nobody has touched them/);
  });

  test("of a table in pieces only the piece with a change is read", async () => {
    await backup();
    await sql(instance, "UPDATE large SET name = 'changed' WHERE id = 20");
    // The changed row stands in the last of its pieces, and is missing in the first.
    const share = shareRead(await backup("--base", "latest"));
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.99);
  });

  test("--reread reads them", async () => {
    await backup();
    const all = await backup("--base", "latest", "--reread");
    expect(all.untouchedTableBytes).toBe(0);
    expect(shareRead(await backup("--base", "latest"))).toBeLessThan(0.05);
  });

  test("after a backup without its time in the database all is read", async () => {
    const base = await backup("--one-shot");
    expect((await backup("--base", base.path)).untouchedTableBytes).toBe(0);
  });

  test("after another backup than the one that is referred to all is read", async () => {
    const base = await backup();
    await backup();
    expect((await backup("--base", base.path)).untouchedTableBytes).toBe(0);
  });

  test.each(["--in-place", "--side-by-side"])("after a restore %s all is read", async (way) => {
    const base = await backup();
    const restored = await runCli(["restore", ...instance.config, way, "--keep-previous", "0", "--yes", base.path]);
    if (restored.exitCode === 4 && way === "--side-by-side") return;
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect((await backup("--base", base.path)).untouchedTableBytes).toBe(0);
  });

  test("what is remembered and not as it was written is not used, and costs nothing but time", async () => {
    const base = await backup();
    const folder = join(instance.sdir, ".ngwbackup", "rows");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      writeFileSync(path, readFileSync(path, "utf8").replace('"endedBelow":"', '"endedBelow":"9'));
    }
    const next = await backup("--base", base.path);
    expect(next.untouchedTableBytes).toBe(0);
    expect(await runCli(["verify", next.path])).toMatchObject({ exitCode: 0 });
  });

  test("a column that is no longer computed is read", async () => {
    await sql(
      instance,
      "CREATE TABLE computed (id integer, name text, doubled integer GENERATED ALWAYS AS (id * 2) STORED)",
      "INSERT INTO computed SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 2000) n",
    );
    const base = await backup();
    await sql(instance, "ALTER TABLE computed ALTER doubled DROP EXPRESSION");
    const next = await backup("--base", base.path);
    expect(next.untouchedTableBytes).toBeGreaterThan(0);
    const extracted = await runCli(["extract", next.path, "table:public.computed", "--to", "-"]);
    expect(extracted.stdout).toMatch(/^1\t\w+\t2\n2\t\w+\t4\n/);
  });

  test("a time that never came into the database does not count as written", async () => {
    await backup();
    await sql(
      instance,
      "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
      "CREATE TRIGGER swallow BEFORE UPDATE OR INSERT ON setting FOR EACH ROW EXECUTE FUNCTION swallow()",
    );
    const base = await backup();
    await sql(instance, "DROP FUNCTION swallow CASCADE");
    expect((await backup("--base", base.path)).untouchedTableBytes).toBe(0);
  });

  test("while somebody keeps an index rows are read, and nobody is waited for", async () => {
    // Of one piece: COPY of a whole table locks no index.
    await sql(
      instance,
      "CREATE TABLE indexed (id integer PRIMARY KEY, name text)",
      "INSERT INTO indexed SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 2000) n",
    );
    const base = await backup();
    await withClient(instance.database.settings, async (client) => {
      await client.query("BEGIN; REINDEX INDEX indexed_pkey");
      const next = await backup("--base", base.path);
      expect(next.untouchedTableBytes).toBeGreaterThan(0);
      expect(await runCli(["verify", next.path])).toMatchObject({ exitCode: 0 });
    });
  });

  test("no more is remembered than the newest few", async () => {
    for (let count = 0; count < 3; count += 1) await backup();
    expect(readdirSync(join(instance.sdir, ".ngwbackup", "rows")).length).toBeLessThanOrEqual(16);
  });
});
