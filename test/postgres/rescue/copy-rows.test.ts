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

  test("are known by the line of the COPY, whatever other lines the error tells of", async () => {
    await client.query(`
      create table public.documents (n integer, j jsonb);
      create function public.odd(n integer) returns boolean language plpgsql as $$
      begin
        if n % 2 = 0 then raise exception 'even'; end if;
        return true;
      end $$;
      create table public.checked (n integer check (public.odd(n)))`);
    const broken = Array.from({ length: 60 }, (_, index) => (index === 41 ? '41\t{"a": \n' : `${index}\t{"a": 1}\n`));
    const documents = await copyRowsLeniently(
      client,
      "COPY public.documents (n, j) FROM stdin",
      Buffer.from(broken.join("")),
      5,
      signal,
    );
    expect(documents).toMatchObject({ rows: 59, refused: [{ index: 41 }], givenUpAt: undefined });
    const even = Array.from({ length: 30 }, (_, index) => (index === 17 ? "2\n" : "1\n")).join("");
    const checked = await copyRowsLeniently(client, "COPY public.checked (n) FROM stdin", Buffer.from(even), 5, signal);
    expect(checked).toMatchObject({ rows: 29, refused: [{ index: 17 }], givenUpAt: undefined });
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
