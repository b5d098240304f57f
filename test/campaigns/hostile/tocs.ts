import type { Toc, TocEntry } from "../../../src/postgres/toc.ts";
import { type Parts, changeToc, put, seal, tocOf } from "./forge.ts";
import type { HostileCase } from "./hostile-case.ts";

const withToc = (change: (toc: Toc) => void): HostileCase["build"] => {
  return (parts) => (changeToc(parts, change), seal(parts));
};
const withBytes = (change: (bytes: Buffer) => Buffer | void): HostileCase["build"] => {
  return (parts) => {
    const bytes = tocOf(parts);
    put(parts, "postgres/toc.dat", change(bytes) ?? bytes);
    return seal(parts);
  };
};
const table = (toc: Toc, description = "TABLE"): TocEntry =>
  toc.entries.find((entry) => entry.description === description && entry.namespace === "public")!;

/** Offset of the number of entries: after the magic, 6 bytes, a compression, seven numbers and three texts. */
function countOffset(bytes: Buffer): number {
  const compression = bytes[6]! >= 15 ? 1 : 5;
  let at = 11 + compression + 35;
  for (let text = 0; text < 3; text += 1) at += 5 + (bytes[at] === 0 ? bytes.readUInt32LE(at + 1) : 0);
  return at;
}
const number = (bytes: Buffer, at: number, sign: number, magnitude: number): void => {
  bytes[at] = sign;
  bytes.writeUInt32LE(magnitude, at + 1);
};

const awkward = "we\"ird'; DROP TABLE public.resource; --\n\\.\r\n\t$$\u001b[2J\u202e\u0007";
const texts = ["tag", "namespace", "owner", "tablespace", "tableAccessMethod"] as const;
const descriptions = ["constructor", "__proto__", "toString", "hasOwnProperty", awkward, ""];

/** A table of contents that fits every digest. */
export const tocCases: readonly HostileCase[] = [
  ...(
    [
      [0, 2 ** 31],
      [0, 2 ** 31 - 1],
      [0, 2 ** 32 - 1],
      [1, 1],
      [1, 2 ** 31 - 1],
      [2, 1],
      [0, 0],
    ] as const
  ).flatMap(([sign, magnitude]): HostileCase[] => {
    const shown = `${sign === 1 ? "-" : sign === 2 ? "sign 2 and " : ""}${magnitude}`;
    return [
      {
        name: `TOC with ${shown} entries`,
        build: withBytes((bytes) => number(bytes, countOffset(bytes), sign, magnitude)),
      },
      {
        name: `TOC with a text of ${shown} bytes`,
        // The name of the database may be missing, and then all that follows is where nobody expects it.
        build: withBytes((bytes) => number(bytes, 11 + (bytes[6]! >= 15 ? 1 : 5) + 35, sign, magnitude)),
      },
    ];
  }),
  ...(
    [
      [5, 0],
      [5, 2],
      [6, 11],
      [6, 17],
      [6, 255],
      [8, 8],
      [8, 0],
      [9, 0],
      [9, 255],
      [10, 2],
      [10, 4],
      [10, 0],
      [10, 1],
    ] as const
  ).map(([at, value]): HostileCase => ({
    name: `TOC whose byte ${at} is ${value}`,
    build: withBytes((bytes) => void (bytes[at] = value)),
  })),
  { name: "TOC that is empty", build: withBytes(() => Buffer.alloc(0)) },
  { name: "TOC cut in the middle", build: withBytes((bytes) => bytes.subarray(0, bytes.length >> 1)) },
  { name: "TOC with more behind it", build: withBytes((bytes) => Buffer.concat([bytes, Buffer.from("more")])) },
  { name: "TOC of 40 MB of zeros", build: withBytes(() => Buffer.alloc(40_000_000)) },
  {
    name: "TOC whose entries depend on each other in a circle",
    exitCodes: [0],
    build: withToc(({ entries }) => {
      for (const [index, entry] of entries.entries())
        entry.dependencies.push(entries[(index + 1) % entries.length]!.dumpId);
    }),
  },
  {
    name: "TOC whose entries depend on themselves and on nothing that is there",
    exitCodes: [0],
    build: withToc(({ entries }) => {
      for (const entry of entries) entry.dependencies.push(entry.dumpId, 2_000_000_000);
    }),
  },
  {
    name: "TOC with an entry of 200,000 dependencies",
    exitCodes: [0],
    build: withToc((toc) => void (table(toc).dependencies = Array.from({ length: 200_000 }, (_, id) => id + 1))),
  },
  { name: "TOC with an entry twice", build: withToc(({ entries }) => void entries.push({ ...entries[0]! })) },
  ...texts.map((key): HostileCase => ({
    name: `TOC with quotes and line ends in each ${key}`,
    exitCodes: [0, 5],
    build: withToc(({ entries }) => {
      for (const entry of entries) entry[key] = `${entry[key] ?? ""}${awkward}`;
    }),
  })),
  {
    name: "TOC with quotes and line ends in the names of database and versions",
    exitCodes: [0],
    build: withToc(
      (toc) => void Object.assign(toc, { databaseName: awkward, serverVersion: awkward, dumpVersion: awkward }),
    ),
  },
  {
    name: "TOC with a table's rows named for the terminal",
    says: /missing/,
    build: withToc((toc) => {
      const copyStatement = "COPY public.evil (id) FROM stdin;\n";
      const evil = {
        ...table(toc, "TABLE DATA"),
        dumpId: 999_999,
        tag: awkward,
        namespace: awkward,
        owner: awkward,
        copyStatement,
      };
      toc.entries.push({ ...evil, fileName: `999999.dat${awkward}` });
    }),
  },
  ...descriptions.map((description): HostileCase => ({
    name: `TOC with an entry of kind ${JSON.stringify(description)}`,
    exitCodes: [0],
    build: withToc((toc) => {
      const more = { definition: "SELECT 1;\n", namespace: null, dependencies: [], hadDumper: false, fileName: null };
      toc.entries.push({ ...table(toc), ...more, dumpId: 999_999, description, tag: description });
    }),
  })),
  ...[
    "COPY public.resource FROM PROGRAM 'touch /tmp/ngwbackup-evil';\n",
    "COPY public.resource FROM '/etc/passwd';\n",
    null,
  ].map((copyStatement): HostileCase => ({
    name: `TOC with ${JSON.stringify(copyStatement)} for rows`,
    exitCodes: [0, 5],
    build: withToc((toc) => void (table(toc, "TABLE DATA").copyStatement = copyStatement)),
  })),
  {
    name: "TOC with texts that are no UTF-8",
    exitCodes: [0],
    build: withToc((toc) => {
      // As such bytes are decoded.
      toc.databaseName = "\udcff".repeat(1000);
    }),
  },
  ...[12, 13, 16].map((minor): HostileCase => ({
    name: `TOC of version 1.${minor}`,
    exitCodes: [0],
    build(parts) {
      changeVersion(parts, minor);
      return seal(parts);
    },
  })),
  {
    name: "TOC without entries",
    build: withToc((toc) => void (toc.entries = [])),
  },
];

function changeVersion(parts: Parts, minor: number): void {
  changeToc(parts, (toc) => {
    toc.version.minor = minor;
    for (const entry of toc.entries) {
      if (minor < 14) entry.tableAccessMethod = null;
      if (minor >= 16) entry.relationKind = 114;
    }
  });
}
