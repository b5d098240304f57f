import { describe, expect, test } from "vitest";
import { type NamedRow, inferNames } from "../../../src/operations/rescue/infer-names.ts";

const rows: NamedRow[] = [10, 20, 30, 40, 40, 50].map((sizeBytes, index) => ({
  component: "c",
  uuid: String(index).padStart(32, "0"),
  sizeBytes,
}));
const infer = (sizes: [number, number][], known: [number, number][]): [number, number][] => [
  ...inferNames(new Map(sizes), new Map(known), rows),
];

describe("names of records whose line of the index is gone", () => {
  test("follow the order of the rows while sizes agree", () => {
    const all: [number, number][] = [[1, 10], [2, 20], [3, 30], [4, 40], [5, 40], [6, 50]]; // prettier-ignore
    expect(infer(all, [])).toEqual([[1, 0], [2, 1], [3, 2], [4, 3], [5, 4], [6, 5]]); // prettier-ignore
  });

  test("end at the first size that does not agree: a row had no file there", () => {
    expect(infer([[1, 10], [2, 30], [3, 40], [4, 40], [5, 50]], [])).toEqual([[1, 0]]); // prettier-ignore
  });

  test("come between two that are known, a row without a file before them or not", () => {
    expect(infer([[2, 30]], [[1, 1], [3, 3]])).toEqual([[2, 2]]); // prettier-ignore
    expect(infer([[2, 20]], [[1, 1], [3, 3]])).toEqual([]); // prettier-ignore
  });

  test("are not guessed between two that lie further apart than their numbers", () => {
    expect(infer([[3, 40]], [[2, 2], [4, 5]])).toEqual([]); // prettier-ignore
  });

  test("need sizes", () => {
    const unsized = rows.map(({ component, uuid }) => ({ component, uuid, sizeBytes: undefined }));
    expect([...inferNames(new Map([[1, 10]]), new Map(), unsized)]).toEqual([]);
  });
});
