import { rawZip } from "../../fixtures/raw-zip.ts";
import { zipLayout } from "../archives/zip-layout.ts";
import type { Random } from "../random.ts";
import { seal } from "./forge.ts";
import type { HostileCase } from "./hostile-case.ts";

/** Fields of the headers that hold a number: offset and width (APPNOTE 4.3.7, 4.3.12, 4.3.16). */
const fields = {
  local: [...[0, 14, 18, 22].map((at) => [at, 4] as const), ...[4, 6, 8, 10, 12, 26, 28].map((at) => [at, 2] as const)],
  central: [
    ...[0, 16, 20, 24, 38, 42].map((at) => [at, 4] as const),
    ...[4, 6, 8, 10, 12, 14, 28, 30, 32, 34, 36].map((at) => [at, 2] as const),
  ],
  end: [...[0, 12, 16].map((at) => [at, 4] as const), ...[4, 6, 8, 10, 20].map((at) => [at, 2] as const)],
} as const;

function lie(found: number, width: number, size: number, random: Random): number {
  const largest = 2 ** (8 * width) - 1;
  const lies = [
    0,
    1,
    found + 1,
    found - 1,
    found * 2,
    size,
    size - 1,
    size + 1,
    largest,
    largest - 1,
    2 ** (8 * width - 1),
  ];
  for (;;) {
    const value = random.below(8) === 0 ? random.below(largest + 1) : random.oneOf(lies);
    if (value >= 0 && value <= largest && value !== found) return value;
  }
}

/** The end record with our comment. */
const endBytes = 22 + "ngwbackup manifest sha256=".length + 64;

const unixAttributes = (mode: number): number => mode * 0x1_00_00;

const kinds: readonly (readonly [what: string, mode: number])[] = [
  ["a symbolic link", 0o120777],
  ["a pipe", 0o010600],
  ["a device", 0o020666],
  ["a device", 0o060666],
  ["a socket", 0o140777],
  ["a folder", 0o040700],
];

/** Headers that lie: one field each, and what the file is said to be. */
export const headerCases: readonly HostileCase[] = [
  ...(["local", "central", "end"] as const).flatMap((header) =>
    fields[header].map(([field, width]): HostileCase => ({
      name: `lie in field ${field} of the ${header} header`,
      async build(parts, _path, random) {
        const bytes = seal(parts);
        const { data, centralHeaders } = await zipLayout(bytes);
        const start =
          header === "end"
            ? bytes.length - endBytes
            : header === "central"
              ? random.oneOf(centralHeaders)
              : random.oneOf(data).entry.localOffsetBytes;
        const found = bytes.readUIntLE(start + field, width);
        bytes.writeUIntLE(lie(found, width, bytes.length, random), start + field, width);
        return bytes;
      },
    })),
  ),
  ...kinds.map(([what, mode]): HostileCase => ({
    name: `entry that is ${what}`,
    says: new RegExp(`expected a file, by its attributes, found ${what}`),
    build(parts) {
      parts.more.push({ name: "more/link", content: "/etc/passwd", externalAttributes: unixAttributes(mode) });
      return seal(parts);
    },
  })),
  {
    name: "archive of another program with a symbolic link",
    says: /found a symbolic link/,
    build: ({ entries }) =>
      rawZip([
        ...[...entries].map(([name, content]) => ({ name, content })),
        { name: "more/link", content: "/etc", externalAttributes: unixAttributes(0o120777) },
      ]),
  },
  {
    name: "two records that end the archive",
    says: /two records end the archive|not where the end record says|end of the archive/,
    build(parts) {
      const bytes = seal(parts);
      return Buffer.concat([bytes, bytes.subarray(-endBytes)]);
    },
  },
  {
    name: "program in front",
    says: /central directory is not where/,
    build: (parts) => Buffer.concat([Buffer.from("#!/bin/sh\nexit 0\n"), seal(parts)]),
  },
];
