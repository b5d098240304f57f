import fc from "fast-check";
import { expect, test } from "vitest";
import { tableFileName } from "../../../src/operations/extract/table-file-name.ts";

test.each([
  ["vector_layer.layer_1", "vector_layer.layer_1.copy"],
  ["public.Слой 1", "public.Слой%201.copy"],
  ["../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.copy"],
  ["..", "%2E..copy"],
  [".hidden.x", "%2Ehidden.x.copy"],
  ["-rf.x", "%2Drf.x.copy"],
  ["a.b%2Fc", "a.b%252Fc.copy"],
  ["a.b\n\0c", "a.b%0A%00c.copy"],
])("%j becomes %s", (table, name) => {
  expect(tableFileName(table)).toBe(name);
});

test("no two tables get one name, and none leaves its folder or is too long for it", () => {
  const text = fc.string({ unit: "binary", maxLength: 130 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 8 }), (tables) => {
      const names = new Map(tables.map((table) => [tableFileName(table), table]));
      expect(names.size).toBe(new Set(tables).size);
      for (const name of names.keys()) {
        expect(name).toMatch(/^[\p{L}\p{N}_%][^/\0]*\.copy$/u);
        expect(Buffer.byteLength(name)).toBeLessThan(200);
      }
    }),
  );
});
