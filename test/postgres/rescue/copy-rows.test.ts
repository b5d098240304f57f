import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, connect } from "../../../src/postgres/connection.ts";
import { copyRowsLeniently } from "../../../src/postgres/rescue/copy-rows.ts";
import { type TestDatabase, createTestDatabase } from "../../fixtures/postgres.ts";

let database: TestDatabase;
let client: Client;
const { signal } = new AbortController();
const sql = "COPY public.t (n, g) FROM stdin";

beforeAll(async () => {
  database = await createTestDatabase();
  client = await connect(database.settings);
  await client.query("create table public.t (n integer, g public.geometry)");
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

async function numbers(): Promise<number[]> {
  const { rows } = await client.query<{ n: number }>("select n from public.t order by n");
  return rows.map(({ n }) => n);
}

describe("rows that the server refuses", () => {
  test("are left out and named, and all others are there", async () => {
    const bad = fc.constantFrom("x\t\\N", "1\t2\t3", "1\t0101000000zz", "99999999999\t\\N", "1\t00", "\t\\N");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(bad, { freq: 4 }), { minLength: 1, maxLength: 40 }), async (rows) => {
        await client.query("truncate public.t");
        const text = Buffer.from(rows.map((row, index) => `${row ?? `${index}\t\\N`}\n`).join(""));
        const result = await copyRowsLeniently(client, sql, text, 1000, signal);
        const good = rows.flatMap((row, index) => (row === null ? [index] : []));
        expect(result.rows).toBe(good.length);
        expect(await numbers()).toEqual(good);
        const refused = result.refused.map(({ index }) => index).toSorted((a, b) => a - b);
        expect(refused).toEqual(rows.flatMap((row, index) => (row === null ? [] : [index])));
        expect(result.givenUpAt).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  test("are not tried one by one without end", async () => {
    await client.query("truncate public.t");
    const text = Buffer.from(
      Array.from({ length: 50 }, (_, index) => (index < 2 ? `${index}\t\\N\n` : "bad\t\\N\n")).join(""),
    );
    const result = await copyRowsLeniently(client, sql, text, 5, signal);
    expect(result.rows).toBe(2);
    expect(result.refused).toHaveLength(6);
    expect(result.givenUpAt).toBe(8);
  });

  test("anything else that is wrong is thrown", async () => {
    const lacking = copyRowsLeniently(client, "COPY public.missing (n) FROM stdin", Buffer.from("1\n"), 5, signal);
    await expect(lacking).rejects.toThrow(/does not exist/);
  });
});
