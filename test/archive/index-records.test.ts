import fc from "fast-check";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type IndexRecord, decodeIndexRecords, encodeIndexRecord } from "../../src/archive/index-records.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { DamagedError, RefusedError } from "../../src/errors.ts";
import { goldenArchives } from "../fixtures/golden.ts";
import { createMemorySource } from "../fixtures/memory-bytes.ts";
import { chunked, errorOf } from "../fixtures/streams.ts";

const uuid = "029eab13954c44149c913c64f791cd9b";

async function decode(text: string | Buffer, sizes?: number[]): Promise<IndexRecord[]> {
  const records: IndexRecord[] = [];
  const content = chunked(Buffer.from(text), sizes);
  for await (const record of decodeIndexRecords("x.ngwbackup", "component/core/$index", content)) records.push(record);
  return records;
}

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(""));
const measures = fc.record({ size: fc.maxSafeNat(), sha256: hex(64) }, { requiredKeys: [] });
const component = fc.constantFrom("feature_attachment", "raster_layer", "core", "_x1");
const body = fc.oneof(
  fc.tuple(component, hex(32), measures).map(([name, id, rest]) => ({
    identity: "fileobj" as const,
    payload: { component: name, uuid: id, ...rest },
  })),
  fc.tuple(fc.stringMatching(/^[A-Za-z0-9_-]{1,20}\.(ttf|otf)$/), measures).map(([filename, rest]) => ({
    identity: "font" as const,
    payload: { component: "core", filename, ...rest },
  })),
);

describe("index records", () => {
  it("come back as they were, in any chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { maxLength: 8 }),
        fc.constantFrom<number[]>([], [1], [13, 2]),
        async (bodies, sizes) => {
          const records = bodies.map((record, index) => ({ id: index + 1, ...record })) as IndexRecord[];
          const text = records.map((record) => encodeIndexRecord(record)).join("");
          expect(await decode(text, sizes)).toEqual(records);
          for (const line of text.trimEnd().split("\n").filter(Boolean)) {
            expect(Object.keys(JSON.parse(line) as object)).toEqual(["id", "identity", "payload"]);
          }
        },
      ),
    );
  });

  const line = (change: object, payload: object = { component: "core", uuid }): string =>
    `${JSON.stringify({ id: 1, identity: "fileobj", payload, ...change })}\n`;
  it.each<[string, string]>([
    ["expected a JSON object, found nonsense", "nonsense\n"],
    ["expected exactly the keys id, identity, payload, found extra, id, identity, payload", line({ extra: 1 })],
    ["expected exactly the keys id, identity, payload, found id, identity", '{"id":1,"identity":"x"}\n'],
    ["expected exactly the keys id, identity, payload, found __proto__, id", '{"id":1,"__proto__":{"identity":1}}\n'],
    ["expected id 1, found 2", line({ id: 2 })],
    ["expected a whole number from 0 on as record.id, found -1", line({ id: -1 })],
    ["line 2: expected id 2, found 1", line({}) + line({})],
    ["expected a name as identity, found ../x", line({ identity: "../x" })],
    ["expected a component's name as payload.component, found ../../etc", line({}, { component: "../../etc", uuid })],
    [
      "expected 32 lower-case hex digits as record.payload.uuid",
      line({}, { component: "core", uuid: "../../../etc/passwd" }),
    ],
    ["expected 32 lower-case hex digits as record.payload.uuid", line({}, { component: "core", uuid: `${uuid}\n` })],
    ["expected 32 lower-case hex digits as record.payload.uuid, found nothing", line({}, { component: "core" })],
    [
      "expected a font's file name as record.payload.filename",
      line({ identity: "font" }, { component: "core", filename: "../x.ttf" }),
    ],
    [
      "expected a font's file name as record.payload.filename",
      line({ identity: "font" }, { component: "core", filename: "x.conf" }),
    ],
    ["expected a whole number from 0 on as record.payload.size", line({}, { component: "core", uuid, size: -5 })],
    ["expected 64 lower-case hex digits as record.payload.sha256", line({}, { component: "core", uuid, sha256: "x" })],
    ["expected an object as record.payload, found []", line({ payload: [] })],
    ["expected a newline at its end, found the end of the file", line({}).trimEnd()],
    ["expected at most 65536 bytes in a line", `{"id":1,${" ".repeat(70_000)}`],
  ])("%s", async (message, text) => {
    const error = await errorOf(() => decode(text));
    expect(error).toBeInstanceOf(DamagedError);
    expect(error.message).toContain("x.ngwbackup: entry component/core/$index: line ");
    expect(error.message).toContain(message);
  });

  it("of an unknown identity are refused by its name", async () => {
    const error = await errorOf(() => decode(line({ identity: "tileset" })));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.message).toContain("expected identity fileobj or font, found tileset");
  });

  it("that could not be read back are not written", () => {
    expect(() =>
      encodeIndexRecord({ id: 1, identity: "fileobj", payload: { component: "core", uuid: "x" } }),
    ).toThrow();
    expect(() => encodeIndexRecord({ id: 0, identity: "fileobj", payload: { component: "core", uuid } })).toThrow();
  });
});

describe.skipIf(goldenArchives.length === 0)("index records of golden archives", () => {
  it.each(goldenArchives.map(({ name, path }) => [name, path]))("%s", async (_name, path) => {
    const reader = await openZipArchive(createMemorySource(await readFile(path)));
    const name = "component/file_storage/$index";
    let count = 0;
    for await (const record of decodeIndexRecords(path, name, reader.read(name))) {
      count++;
      expect(record.identity).toBe("fileobj");
    }
    expect(count).toBeGreaterThan(10);
  });
});
