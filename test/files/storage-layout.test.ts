import { describe, expect, test } from "vitest";
import { blobOfPath, blobPath, isFontName, isTileName } from "../../src/files/storage-layout.ts";

const uuid = "0123456789abcdef0123456789abcdef";

describe("names of file storage", () => {
  test("a blob stands under its component and the first digits of its name, both ways", () => {
    const path = blobPath({ component: "feature_attachment", uuid });
    expect(path).toBe(`feature_attachment/01/23/${uuid}`);
    expect(blobOfPath(path)).toEqual({ component: "feature_attachment", uuid });
  });

  test.each([
    { component: "..", uuid },
    { component: "a/b", uuid },
    { component: "A", uuid },
    { component: "", uuid },
    { component: "a", uuid: uuid.toUpperCase() },
    { component: "a", uuid: `${uuid}0` },
    { component: "a", uuid: `../${uuid.slice(3)}` },
    { component: "a\n", uuid },
  ])("%j names none", (name) => {
    expect(() => blobPath(name)).toThrow(/does not name a blob: expected a component and 32 hex digits/);
  });

  test("a path of anything else is none of a blob", () => {
    for (const path of [uuid, `a/00/23/${uuid}`, `a/01/23/${uuid}/x`, `a/01/23/${uuid}.tmp`, ".ngwbackup/01/23/x"])
      expect([path, blobOfPath(path)]).toEqual([path, undefined]);
  });

  test("fonts and tiles are names without a folder", () => {
    expect(["a.ttf", "B-2_x.otf"].every(isFontName)).toBe(true);
    expect(["../a.ttf", "a/b.ttf", "a.ttf\n", "a.exe", ".ttf"].some(isFontName)).toBe(false);
    expect(["ab", "tile 1"].every(isTileName)).toBe(true);
    expect(["", ".", "..", "a/b", "a\0b"].some(isTileName)).toBe(false);
  });
});
