import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PackedLines } from "../../src/archive/packed-lines.ts";
import { collect } from "../fixtures/streams.ts";

describe("packed lines", () => {
  it("come back in order, and can be read again", async () => {
    const line = fc.oneof(
      fc.string(),
      fc.integer({ min: 1, max: 300_000 }).map((length) => "ж".repeat(length)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (texts) => {
        const clean = texts.map((text) => text.replaceAll("\n", " ").toWellFormed());
        const lines = new PackedLines();
        for (const text of clean) lines.add(text);
        const expected = Buffer.from(clean.map((text) => `${text}\n`).join(""));
        expect((await collect(lines.read())).equals(expected)).toBe(true);
        expect((await collect(lines.read())).equals(expected)).toBe(true);
        expect(lines.plainBytes).toBe(expected.length);
      }),
      { numRuns: 30 },
    );
  });

  it("are lines", () => {
    expect(() => new PackedLines().add("one\ntwo")).toThrow("one newline");
  });
});
