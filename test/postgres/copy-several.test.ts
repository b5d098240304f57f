import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Client, connect } from "../../src/postgres/connection.ts";
import { copyIn, type CopyIn } from "../../src/postgres/copy-in.ts";
import { createTestDatabase, type TestDatabase } from "../fixtures/postgres.ts";

const tables = 20;
let database: TestDatabase;
let session: Client;

beforeEach(async () => {
  database = await createTestDatabase({ postgis: false });
  session = await connect(database.settings);
  await session.query(
    Array.from({ length: tables }, (_, n) => `CREATE TABLE t${n} (i integer PRIMARY KEY, v text)`).join(";"),
  );
});

afterEach(async () => {
  await session.end();
  await database.drop();
});

/** As many rows as the table's number says, those of one table made otherwise. */
function copies(odd?: number, source?: () => AsyncIterable<Buffer>): CopyIn[] {
  return Array.from({ length: tables }, (_, n) => ({
    sql: `COPY t${n} FROM STDIN`,
    source: n === odd && source !== undefined ? source() : rows(n, n % 3 === 0 ? "\\.\n\n\n" : ""),
    failed: (error) => new Error(`t${n}: ${error instanceof Error ? error.message : String(error)}`),
  }));
}

async function* rows(wanted: number, end = ""): AsyncGenerator<Buffer> {
  for (let i = 1; i <= wanted; i += 1) yield Buffer.from(`${i}\tx\n`);
  if (end !== "") yield await Promise.resolve(Buffer.from(end));
}

async function count(): Promise<unknown[]> {
  const sql = Array.from({ length: tables }, (_, n) => `SELECT ${n} AS n, count(*)::integer AS c FROM t${n}`);
  const { rows: found } = await session.query<{ c: number }>(`${sql.join(" UNION ALL ")} ORDER BY n`);
  return found.map(({ c }) => c);
}

const numbers = Array.from({ length: tables }, (_, n) => n);
const none = numbers.map(() => 0);

test("tells the rows of each, some of none", async () => {
  expect(await copyIn(session, copies())).toEqual(numbers);
  expect(await count()).toEqual(numbers);
});

test.each([0, 7, tables - 1])(
  "an error of the server in table %i is named, and what was sent after it is dropped",
  async (n) => {
    async function* wrong(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from("1\tx\nno number\tx\n"));
    }
    await expect(copyIn(session, copies(n, wrong))).rejects.toThrow(`t${n}: invalid input syntax for type integer`);
    expect(await count()).toEqual(none);
    const [first = {} as CopyIn, ...others] = copies();
    const missing = { ...first, sql: "COPY missing FROM STDIN" };
    await expect(copyIn(session, [...others, missing])).rejects.toThrow('t0: relation "missing" does not exist');
    await expect(copyIn(session, [...others, { ...first, sql: "SELECT 1" }])).rejects.toMatchObject({
      code: "copy-mismatch",
    });
    await session.query("TRUNCATE t1");
    expect(await count()).not.toContain(-1);
  },
);

test("an error of the server far behind what is sent meanwhile", async () => {
  async function* wrong(): AsyncGenerator<Buffer> {
    yield Buffer.from("1\tx\n");
    await sleep(1);
    yield Buffer.from("1\tx\n");
  }
  const large = Array.from({ length: 200 }, (_, n) => ({
    sql: n === 3 ? "COPY t3 FROM STDIN" : "COPY t4 (v) FROM STDIN",
    source: n === 3 ? wrong() : pieces(),
    failed: (error: unknown) => new Error(`${n}: ${error instanceof Error ? error.message : String(error)}`),
  }));
  await session.query("ALTER TABLE t4 DROP CONSTRAINT t4_pkey; ALTER TABLE t4 ALTER i DROP NOT NULL");
  await expect(copyIn(session, large)).rejects.toThrow("3: duplicate key value");
  expect(await count()).toEqual(none);
  async function* pieces(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from(`${"x".repeat(300_000)}\n`));
  }
});

test.each([0, 7, tables - 1])("an error of the source of table %i is told, and nothing is kept", async (n) => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from("1\tx\n"));
    throw new Error("the archive is damaged");
  }
  await expect(copyIn(session, copies(n, failing))).rejects.toThrow(`t${n}: the archive is damaged`);
  expect(await count()).toEqual(none);
});

test.each([0, 7, tables - 1])("an abort in table %i ends all", async (n) => {
  const controller = new AbortController();
  const reason = new Error("interrupted");
  async function* stuck(): AsyncGenerator<Buffer> {
    yield Buffer.from("1\tx\n");
    setTimeout(() => controller.abort(reason), 20);
    await new Promise(() => {});
  }
  await expect(copyIn(session, copies(n, stuck), controller.signal)).rejects.toBe(reason);
  expect(await count()).toEqual(none);
});
