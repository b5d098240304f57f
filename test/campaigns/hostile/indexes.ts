import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Parts, drop, lineOf, put, seal } from "./forge.ts";
import type { HostileCase } from "./hostile-case.ts";

const blobs = "component/file_storage/$index";
const fonts = "component/core/$index";

const withIndex = (change: (text: string) => string, name = blobs): HostileCase["build"] => {
  return (parts) => {
    put(parts, name, Buffer.from(change(String(parts.entries.get(name)))));
    return seal(parts);
  };
};
/** Changes the payload of the first record. */
const withPayload = (change: object, name = blobs): HostileCase["build"] =>
  withIndex((text) => {
    const [first = "", ...rest] = text.split("\n");
    const record = JSON.parse(first) as { payload: object };
    return [JSON.stringify({ ...record, payload: { ...record.payload, ...change } }), ...rest].join("\n");
  }, name);
const linesOf = (text: string): string[] => text.trimEnd().split("\n");
const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
const compressedRecord = (parts: Parts): string =>
  [...parts.entries.keys()].find((name) => /^component\/file_storage\/\d+\.zst$/.test(name))!;

/** Indexes out of step with the records, and records out of step with what is said about them. */
export const indexCases: readonly HostileCase[] = [
  {
    name: "index without its last line",
    says: /record without a line/,
    build: withIndex((text) => joined(linesOf(text).slice(0, -1))),
  },
  { name: "index without its first line", build: withIndex((text) => joined(linesOf(text).slice(1))) },
  { name: "index of the other order", build: withIndex((text) => joined(linesOf(text).toReversed())) },
  { name: "index with a line twice", build: withIndex((text) => text + joined(linesOf(text).slice(-1))) },
  {
    name: "index with a blob twice",
    says: /found twice/,
    build: withIndex((text) =>
      joined(
        linesOf(text).map((line, _index, [first = ""]) =>
          line.replace(/"payload":.*/, first.slice(first.indexOf('"payload"'))),
        ),
      ),
    ),
  },
  {
    name: "index with a record that is not there",
    says: /expected a record with number/,
    build: withIndex((text) => {
      const lines = linesOf(text);
      return joined([
        ...lines,
        lines[0]!
          .replace('"id":1,', `"id":${lines.length + 1},`)
          .replace(/"uuid":"[^"]*"/, `"uuid":"${"0".repeat(32)}"`),
      ]);
    }),
  },
  { name: "index without its last line end", build: withIndex((text) => text.slice(0, -1)) },
  { name: "index with an empty line", build: withIndex((text) => `${text}\n`) },
  { name: "index with another key", build: withIndex((text) => text.replace('"id":1', '"id":1,"more":1')) },
  { name: "index whose key is __proto__", build: withIndex((text) => text.replace('"identity"', '"__proto__"')) },
  {
    name: "index with __proto__ in a payload",
    exitCodes: [0],
    build: withIndex((text) => text.replaceAll('"payload":{', '"payload":{"__proto__":{"uuid":"x"},')),
  },
  {
    name: "index nested deep",
    exitCodes: [0],
    build: withIndex((text) =>
      text.replace('"payload":{', `"payload":{"more":${"[".repeat(30_000)}${"]".repeat(30_000)},`),
    ),
  },
  { name: "index with a line of 2 MB", build: withIndex((text) => text.replace("{", `{${" ".repeat(2_000_000)}`)) },
  {
    name: "index of an identity that nobody knows",
    exitCodes: [4],
    build: withIndex((text) => text.replace('"fileobj"', '"evil"')),
  },
  {
    name: "index of an identity that is no name",
    build: withIndex((text) => text.replace('"fileobj"', '"\\u001b[2J"')),
  },
  {
    name: "index in another place",
    says: /index missing/,
    build: (parts) => (put(parts, "component/evil/$index", parts.entries.get(blobs)!), drop(parts, blobs), seal(parts)),
  },
  {
    name: "index of an unknown component",
    exitCodes: [0],
    build: (parts) => (put(parts, "component/evil/$index", Buffer.alloc(0)), seal(parts)),
  },
  { name: "no index", says: /index missing/, build: (parts) => (drop(parts, blobs), seal(parts)) },
  { name: "index of zeros", build: withIndex(() => "\0".repeat(100_000)) },
  ...["../../evil", "a/b", "Component", "a".repeat(64), "", "a\u202eb", "constructor"].map(
    (component): HostileCase => ({
      name: `blob of component ${JSON.stringify(component.slice(0, 20))}`,
      exitCodes: component === "constructor" ? [0] : [5],
      build: withPayload({ component }),
    }),
  ),
  ...[
    "../../../../etc/passwd",
    "029EAB13954C44149C913C64F791CD9B",
    "0".repeat(31),
    "0".repeat(33),
    7,
    null,
    `${"0".repeat(32)}\n`,
  ].map((uuid): HostileCase => ({ name: `blob of uuid ${JSON.stringify(uuid)}`, build: withPayload({ uuid }) })),
  ...[
    "../evil.ttf",
    "/etc/evil.ttf",
    "a/b.ttf",
    "..ttf",
    "evil.conf",
    ".ttf",
    "evil.ttf\0",
    "evil.ttf\n",
    `${"a".repeat(201)}.ttf`,
  ].map((filename): HostileCase => ({
    name: `font ${JSON.stringify(filename.slice(0, 30))}`,
    build: withPayload({ filename }, fonts),
  })),
  ...[-1, 0.5, 1e300, "12", 2 ** 53].map((size): HostileCase => ({
    name: `blob of size ${size}`,
    build: withPayload({ size }),
  })),
  { name: "blob of another size", says: /size in the index/, build: withPayload({ size: 7 }) },
  { name: "blob of another digest", says: /sha256/, build: withPayload({ sha256: "0".repeat(64) }) },
  {
    name: "compressed blob of another digest",
    fitsDigests: true,
    says: /sha256/,
    build(parts) {
      const name = compressedRecord(parts);
      const id = Number(/\d+/.exec(name.slice("component/file_storage/".length))?.[0]);
      const lines = linesOf(String(parts.entries.get(blobs)));
      lines[id - 1] = lines[id - 1]!.replace(/"sha256":"[^"]*"/, `"sha256":"${"0".repeat(64)}"`);
      put(parts, blobs, Buffer.from(joined(lines)));
      return seal(parts);
    },
  },
  {
    name: "record 0",
    build: (parts) => (put(parts, "component/file_storage/00000000", Buffer.from("x")), seal(parts)),
  },
  {
    name: "record twice, compressed and plain",
    build(parts) {
      const name = compressedRecord(parts);
      put(parts, name.slice(0, -4), Buffer.from("evil"));
      return seal(parts);
    },
  },
  {
    name: "table twice, compressed and plain",
    build(parts) {
      const name = [...parts.entries.keys()].find((one) => /^postgres\/\d+\.dat\.zst$/.test(one))!;
      put(parts, name.slice(0, -4), Buffer.from("1\tevil\n\\.\n\n\n"));
      return seal(parts);
    },
  },
  ...frameCases(),
];

/** Compressed content that fits every digest and is none, or is not what is said. */
function frameCases(): HostileCase[] {
  const plain = Buffer.alloc(1000, "row\n");
  const frame = zstdCompressSync(plain);
  const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), Buffer.from("evil")]);
  const withDictionary = Buffer.from(frame);
  withDictionary[4] = frame[4]! | 1;
  const contents: readonly (readonly [what: string, content: Buffer, plainBytes?: number])[] = [
    ["nothing", Buffer.alloc(0)],
    ["no frame", Buffer.from("no frame at all")],
    ["a frame cut off", frame.subarray(0, -1)],
    ["a frame with more behind it", Buffer.concat([frame, Buffer.from("more")])],
    ["a frame of another size", frame, 1001],
    ["two frames", Buffer.concat([frame, frame]), 1000],
    ["a frame to be skipped", skippable, 0],
    ["a frame that needs a dictionary", withDictionary],
    ["a frame with a window of 3.75 TB", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0x00, 0x00])],
    [
      "a frame that says it holds 2^60 bytes",
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0]),
    ],
    ["a frame with a block of an unknown type", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x0f, 0, 0])],
    ["gzip", gzipSync(plain)],
  ];
  return contents.flatMap(([what, content, plainBytes = 1000]): HostileCase[] => [
    {
      name: `table that is ${what}`,
      fitsDigests: true,
      build(parts) {
        const name = [...parts.entries.keys()].find((one) => /^postgres\/\d+\.dat\.zst$/.test(one))!;
        put(parts, name, content, plainBytes);
        return seal(parts);
      },
    },
    {
      name: `blob that is ${what}`,
      fitsDigests: true,
      build(parts) {
        const name = compressedRecord(parts);
        delete lineOf(parts, name)["frames"];
        put(parts, name, content, plainBytes);
        return seal(parts);
      },
    },
  ]);
}
