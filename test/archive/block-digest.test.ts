import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockDigest, digestAt, encodeDigests, newBlockDigestRule } from "../../src/archive/block-digest.ts";

describe("the digest of a block", () => {
  it("is AES-128-GMAC: test case 1 of McGrew and Viega, The Galois/Counter Mode of Operation", () => {
    const digest = new BlockDigest({ algorithm: "aes-128-gmac", key: "0".repeat(32) });
    expect(digest.of(new Uint8Array()).toString("hex")).toBe("58e2fccefa7e3061367f1d57a4e7455a");
  });

  it("is the same of the whole and of its pieces, and another with another key", () => {
    const rule = newBlockDigestRule();
    const [digest, other] = [new BlockDigest(rule), new BlockDigest(newBlockDigestRule())];
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (pieces) => {
        const running = digest.begin();
        for (const piece of pieces) running.update(piece);
        const whole = Buffer.concat(pieces);
        const found = running.finish();
        expect(found.equals(digest.of(whole))).toBe(true);
        expect(found.equals(other.of(whole))).toBe(false);
        expect(found.equals(digest.of(Buffer.concat([whole, Buffer.of(0)])))).toBe(false);
      }),
    );
  });

  it("stands in a list in its place", () => {
    const digest = new BlockDigest(newBlockDigestRule());
    const all = ["one", "two", "three"].map((text) => digest.of(Buffer.from(text)));
    const list = Buffer.from(encodeDigests(all), "base64");
    expect(all.map((_, index) => digestAt(list, index).equals(all[index]!))).toEqual([true, true, true]);
  });
});
