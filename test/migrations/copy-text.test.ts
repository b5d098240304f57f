import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readAppliedRevisions } from "../../src/migrations/applied.ts";
import { decodeCopyText } from "../../src/migrations/copy-text.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../fixtures/postgres.ts";
import { mustSucceed } from "../fixtures/python.ts";
import { testCluster } from "../fixtures/postgres.ts";
import { join } from "node:path";

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of cuts.map((each) => each % (bytes.length + 1)).toSorted((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield await Promise.resolve(bytes.subarray(from));
}

async function decode(bytes: Buffer, cuts: readonly number[] = []): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  for await (const row of decodeCopyText(pieces(bytes, cuts), "test")) rows.push(row);
  return rows;
}

function encode(rows: readonly (readonly (string | null)[])[], end: string): Buffer {
  const escapes: Record<string, string> = {
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
  };
  const field = (text: string | null): string =>
    text === null ? "\\N" : text.replaceAll(/[\\\n\t\r\b\f\v]/g, (character) => escapes[character] ?? character);
  return Buffer.from(rows.map((row) => `${row.map(field).join("\t")}\n`).join("") + end);
}

const rowsOf = fc.array(
  fc.array(
    fc.option(
      fc.string({
        unit: fc.oneof(
          fc.constantFrom("\\", "\n", "\t", "N", ".", "x", "1"),
          fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
        ),
        maxLength: 8,
      }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  { maxLength: 6 },
);

describe("rows in COPY's text format", () => {
  test("any rows come back, whole, in pieces and byte by byte", async () => {
    await fc.assert(
      fc.asyncProperty(
        rowsOf,
        fc.array(fc.nat()),
        fc.constantFrom("", "\\.\n", "\\.\n\n\n", "\\."),
        async (rows, cuts, end) => {
          const bytes = encode(rows, end);
          expect(await decode(bytes)).toEqual(rows);
          expect(await decode(bytes, cuts)).toEqual(rows);
          expect(await decode(bytes, [...bytes.keys()])).toEqual(rows);
        },
      ),
    );
  });

  test("escapes by number and of other characters", async () => {
    const text = String.raw`\101\x42\x4a9\q\\N\0603` + "\n";
    expect(await decode(Buffer.from(text))).toEqual([["ABJ9q\\N03"]]);
    expect(await decode(Buffer.from(String.raw`\xc3\251` + "\n"))).toEqual([["é"]]);
  });

  test.each([
    ["a\tb\n\\.\nc\n", "expected an end after \\., found another row"],
    ["a\tb\nc", "expected a line end after the last row, found none"],
    ["x".repeat(70_000), "expected rows of at most 65536 bytes, found a longer one"],
    [`${"x".repeat(70_000)}\n`, "expected rows of at most 65536 bytes, found 70000"],
  ])("damage number %#", async (text, message) => {
    await expect(decode(Buffer.from(text))).rejects.toThrow(message);
  });
});

describe("as the server writes it", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ postgis: false });
  });
  afterAll(() => database.drop());

  test("rows come back as they were stored", async () => {
    const texts = fc.sample(
      fc.string({
        unit: fc.oneof(
          fc.constantFrom("\\", "\n", "\t", "\b", "\f", "\v", "\r", "N", "."),
          fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }).filter((text) => !text.includes("\u0000")),
        ),
        maxLength: 10,
      }),
      { numRuns: 200, seed: 7 },
    );
    await withClient(database.settings, async (client) => {
      await client.query("CREATE TABLE t (id integer PRIMARY KEY, a text)");
      for (const [id, text] of texts.entries()) await client.query("INSERT INTO t VALUES ($1, $2)", [id, text]);
      await client.query("INSERT INTO t VALUES (-1, NULL)");
    });
    const { host, port, binDir } = testCluster();
    const copied = await mustSucceed(join(binDir, "psql"), [
      "-X",
      "-h",
      host,
      "-p",
      String(port),
      "-U",
      database.role,
      "-d",
      database.name,
      "-c",
      "COPY (SELECT a FROM t ORDER BY id) TO STDOUT",
    ]);
    expect(await decode(copied)).toEqual([[null], ...texts.map((text) => [text])]);
  });
});

describe("applied migrations from an archive's rows", () => {
  const source = (text: string) => pieces(Buffer.from(text), []);

  test("columns are found by name", async () => {
    const statement = 'COPY public.core_migration ("revision", component) FROM stdin;\n';
    expect(await readAppliedRevisions(statement, source("1a000001\tsurvey\n\\.\n\n\n"), "rows")).toEqual([
      { component: "survey", revision: "1a000001" },
    ]);
  });

  test.each([
    ["COPY public.core_migration (component) FROM stdin;\n", "survey\n", "expected columns component and revision"],
    ["", "survey\n", "expected columns component and revision"],
    [
      "COPY public.core_migration (component, revision) FROM stdin;\n",
      "survey\n",
      "expected rows of 2 fields, none null",
    ],
    ["COPY public.core_migration (component, revision) FROM stdin;\n", "survey\t\\N\n", "expected rows of 2 fields"],
  ])("%j with rows %j is damaged", async (statement, rows, message) => {
    await expect(readAppliedRevisions(statement, source(rows), "rows")).rejects.toThrow(message);
  });
});
