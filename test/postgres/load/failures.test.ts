import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppError, DamagedError } from "../../../src/errors.ts";
import { connect } from "../../../src/postgres/connection.ts";
import type { DumpSource, TableRows } from "../../../src/postgres/load/dump-source.ts";
import { planLoad, type PlannedEntry } from "../../../src/postgres/load/load-order.ts";
import { loadParallel } from "../../../src/postgres/load/load-parallel.ts";
import { loadSerial } from "../../../src/postgres/load/load-serial.ts";
import { silentReporter } from "../../../src/progress.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

let database: TestDatabase;
let source: DumpSource;

beforeEach(async () => {
  const from = await createTestDatabase();
  await withClient(from.settings, (client) =>
    client.query(`
      CREATE TABLE one (id integer PRIMARY KEY, word text);
      INSERT INTO one SELECT g, 'word ' || g FROM generate_series(1, 1000) g;
      CREATE TABLE two (id integer PRIMARY KEY, one integer REFERENCES one);
      INSERT INTO two SELECT g, g FROM generate_series(1, 1000) g`),
  );
  source = await openDumpFolder(await dumpToFolder(from.settings, join(await tempFolder(), "dump")));
  await from.drop();
  database = await createTestDatabase();
});

afterEach(() => database.drop());

/** Loads one way or the other. */
async function load(way: string, options: Partial<Parameters<typeof loadParallel>[0]> = {}): Promise<void> {
  const given = {
    entries: planLoad(source.toc).entries,
    source,
    reporter: silentReporter,
    signal: new AbortController().signal,
    ...options,
  };
  if (way === "parallel") {
    await loadParallel({ jobs: 2, connect: () => connect(database.settings), ...given });
    return;
  }
  const client = await connect(database.settings);
  try {
    await client.query("BEGIN");
    await loadSerial(client, given);
    await client.query("COMMIT");
  } finally {
    await client.end();
  }
}

/** The source with other rows for one table. */
function withRows(table: string, change: (rows: TableRows) => Partial<TableRows>): DumpSource {
  return {
    ...source,
    table(entry) {
      const rows = source.table(entry);
      return rows === undefined || entry.tag !== table ? rows : { ...rows, ...change(rows) };
    },
  };
}

function changed(label: string, sql: string): PlannedEntry[] {
  return planLoad(source.toc).entries.map((planned) =>
    `${planned.entry.description} ${planned.entry.tag}` === label ? { ...planned, sql } : planned,
  );
}

test.each(["parallel", "serial"])("%s: a statement that fails is named with the server's message", async (way) => {
  const entries = changed("CONSTRAINT two two_pkey", "ALTER TABLE public.two ADD PRIMARY KEY (nothing);");
  await expect(load(way, { entries })).rejects.toMatchObject({
    name: "AppError",
    message: 'CONSTRAINT public.two two_pkey: column "nothing" of relation "two" does not exist',
  });
});

test.each(["parallel", "serial"])("%s: rows that fail are named with the line", async (way) => {
  const broken = withRows("one", () => ({ open: () => chunks("1\tfine\nx\tbad\n\\.\n") }));
  const error = await load(way, { source: broken }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({
    message: expect.stringMatching(/^TABLE DATA public\.one: invalid input syntax for type integer/),
    details: [expect.stringContaining("COPY one, line 2")],
  });
});

test.each(["parallel", "serial"])("%s: a count that differs from the archive's is damage", async (way) => {
  await expect(load(way, { source: withRows("two", () => ({ rows: 1001 })) })).rejects.toThrow(
    new DamagedError("row-count", "TABLE DATA public.two gave 1000 rows, and the archive announces 1001"),
  );
});

test.each(["parallel", "serial"])("%s: damage found while reading comes through as it is", async (way) => {
  const damage = new DamagedError("crc", "postgres/1.dat is damaged");
  const broken = withRows("two", () => ({ open: () => chunks("1\t1\n", damage) }));
  await expect(load(way, { source: broken })).rejects.toBe(damage);
});

test.each(["parallel", "serial"])(
  "%s: stops at once, even in a long statement, and leaves no session at work",
  async (way) => {
    const controller = new AbortController();
    const reason = new AppError("interrupted", "interrupted");
    const long = way === "parallel" ? "SELECT pg_sleep(300);" : "SELECT 1;";
    const entries = changed("CONSTRAINT two two_pkey", long);
    const endless = withRows("one", () => ({ open: () => chunks("1\tfine\n", undefined, 100_000) }));
    setTimeout(() => controller.abort(reason), 500);
    await expect(load(way, { entries, source: endless, signal: controller.signal })).rejects.toBe(reason);
    await withClient({ ...database.admin, database: "postgres" }, async (client) => {
      for (;;) {
        const { rows } = await client.query("SELECT FROM pg_stat_activity WHERE datname = $1", [database.name]);
        if (rows.length === 0) break;
        await sleep(20);
      }
    });
  },
);

test("serial: a statement that ends the transaction is noticed", async () => {
  const entries = changed("CONSTRAINT two two_pkey", "COMMIT; BEGIN;");
  await expect(load("serial", { entries })).rejects.toMatchObject({ code: "transaction-ended" });
});

async function* chunks(text: string, error?: Error, pauseMs = 0): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  if (pauseMs > 0) await sleep(pauseMs, undefined, { ref: false });
  if (error !== undefined) throw error;
}
