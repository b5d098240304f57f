import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCopyText } from "../../../src/migrations/copy-text.ts";
import { copyFields } from "../../../src/operations/view/copy-fields.ts";
import { chunked } from "../../fixtures/streams.ts";

/** A field as COPY writes it. */
function encodeField(field: string | null): string {
  if (field === null) return "\\N";
  return field.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

async function fieldsOf(text: Uint8Array, columns: readonly number[], sizes?: number[]): Promise<(string | null)[][]> {
  const found: (string | null)[][] = [];
  for await (const fields of copyFields(chunked(text, sizes), columns)) found.push(fields);
  return found;
}

test("fields are those that the exact decoder gives, fed whole, in pieces and byte by byte", async () => {
  const field = fc.option(fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\0")));
  const rows = fc.array(fc.array(field, { minLength: 4, maxLength: 4 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rows, fc.array(fc.nat({ max: 30 }), { maxLength: 5 }), async (given, sizes) => {
      const lines = given.map((row) => `${row.map(encodeField).join("\t")}\n`);
      const text = Buffer.from(`${lines.join("")}\\.\n\n\n`);
      const exact: (string | null)[][] = [];
      for await (const row of decodeCopyText(chunked(text), "rows")) exact.push(row);
      const expected = exact.map((row) => [row[2] ?? null, row[0] ?? null]);
      for (const cut of [undefined, sizes.map((size) => size + 1), [1]])
        expect(await fieldsOf(text, [2, 0], cut)).toEqual(expected);
    }),
  );
});

test("a row that is too long, short or cut is no row, and the others are", async () => {
  const long = "x".repeat(17 * 1024 * 1024);
  const text = Buffer.from(`1\tone\n2\t${long}\ttwo\n3\n4\tfour\n5\tcut`);
  expect(await fieldsOf(text, [0, 1], [1_000_000])).toEqual([
    ["1", "one"],
    ["3", null],
    ["4", "four"],
  ]);
});
