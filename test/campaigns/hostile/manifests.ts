import { type ManifestLine, type Parts, drop, lineOf, manifestText, put, seal } from "./forge.ts";
import type { HostileCase } from "./hostile-case.ts";

const deceiving = "\u001b[2Jall is well\u202e\u0007\n\u009b31m";
const tocName = "postgres/toc.dat";

const withLine = (change: (line: ManifestLine, parts: Parts) => void, name?: string): HostileCase["build"] => {
  return (parts) => {
    change(name === undefined ? parts.lines[0]! : lineOf(parts, name), parts);
    return seal(parts);
  };
};
const withText = (change: (text: string) => string | Buffer): HostileCase["build"] => {
  return (parts) => seal(parts, change(manifestText(parts)));
};
const tableName = (parts: Parts): string => [...parts.entries.keys()].find((name) => name.endsWith(".dat.zst"))!;
const withTable = (change: (line: ManifestLine) => void): HostileCase["build"] => {
  return (parts) => {
    change(lineOf(parts, tableName(parts)));
    return seal(parts);
  };
};

const base = { id: 1, sha256: "0".repeat(64), createdAt: "2026-01-01T00:00:00Z", instanceId: null };

const numbers: readonly unknown[] = [-1, 1.5, 1e300, 2 ** 53, "12", null, [], {}, true, -0];

/** Manifests that fit their digest and say what no manifest may. */
export const manifestCases: readonly HostileCase[] = [
  ...["[", '{"a":'].flatMap((open) =>
    [10, 1000, 100_000, 3_000_000].map((depth): HostileCase => ({
      name: `manifest nested ${depth} times ${open}`,
      // What is not deep enough to matter is a key that nobody knows.
      exitCodes: depth <= 1000 ? [0] : [5],
      build: withText((text) => {
        const nested = open.repeat(depth) + "1" + (open === "[" ? "]" : "}").repeat(depth);
        return text.replace('"type":"header"', `"more":${nested},"type":"header"`);
      }),
    })),
  ),
  ...(["storedBytes", "contentBytes", "plainBytes"] as const).flatMap((key) =>
    numbers.map((value): HostileCase => ({
      name: `manifest with ${key} ${Object.is(value, -0) ? "-0" : JSON.stringify(value)}`,
      build: withText((text) => {
        const shown = Object.is(value, -0) ? "-0" : typeof value === "number" ? String(value) : JSON.stringify(value);
        const line = text.indexOf(`"name":"${tocName}"`);
        const at = text.indexOf(`"${key}":`, line);
        return text.slice(0, at) + text.slice(at).replace(/:\d+/, `:${shown}`);
      }),
    })),
  ),
  {
    name: "manifest with __proto__ and constructor everywhere",
    exitCodes: [0],
    build: withText((text) =>
      text.replaceAll(
        '{"',
        '{"__proto__":{"type":"end","rows":7,"polluted":1},"constructor":{"prototype":{"polluted":1}},"',
      ),
    ),
  },
  { name: "manifest whose type is __proto__", build: withLine((line) => (line["type"] = "__proto__"), tocName) },
  { name: "manifest of an unknown format", exitCodes: [4], build: withLine((line) => (line["format"] = 3)) },
  { name: "manifest of format 1e400", build: withText((text) => text.replace('"format":1', '"format":1e400')) },
  { name: "manifest of an incremental archive", build: withLine((line) => (line["base"] = { sha256: "0" })) },
  {
    name: "manifest that refers to an archive that is not there",
    exitCodes: [4],
    says: /refers to the archive gone\.ngwbackup of .*, which is not there/,
    build: withLine((line) => Object.assign(line, { format: 2, base: [{ ...base, fileName: "gone.ngwbackup" }] })),
  },
  ...["/dev/zero", "../gone.ngwbackup", "", ".", "gone\u202e.ngwbackup", "c:\\gone.ngwbackup"].map(
    (fileName): HostileCase => ({
      name: `manifest that refers to ${JSON.stringify(fileName)}`,
      says: /header\.base/,
      build: withLine((line) => Object.assign(line, { format: 2, base: [{ ...base, fileName }] })),
    }),
  ),
  {
    name: "manifest that refers to none, and takes from one",
    says: /an archive of header\.base/,
    build(parts) {
      Object.assign(parts.lines[0]!, { format: 2, base: [] });
      lineOf(parts, tableName(parts))["from"] = { archive: 1, name: "postgres/1.dat.zst" };
      return seal(parts);
    },
  },
  {
    name: "manifest with a huge level",
    build: withLine((line) => (line["options"] = { compression: "zstd", level: 1e9 })),
  },
  { name: "manifest with an unknown codec", build: withLine((line) => (line["codec"] = "lz4"), tocName) },
  {
    name: "manifest with another codec than the name",
    fitsDigests: true,
    build: withLine((line) => (line["codec"] = "zstd"), tocName),
  },
  { name: "manifest without an end", build: withText((text) => text.slice(0, text.lastIndexOf("{"))) },
  { name: "manifest with two ends", build: withText((text) => text + text.slice(text.lastIndexOf("{"))) },
  { name: "manifest with two headers", build: withText((text) => text.slice(0, text.indexOf("\n") + 1) + text) },
  { name: "manifest with wrong totals", build: withText((text) => text.replace(/"entries":(\d+)/, '"entries":1$1')) },
  { name: "manifest without the last line end", build: withText((text) => text.slice(0, -1)) },
  { name: "manifest with CRLF", exitCodes: [0], build: withText((text) => text.replaceAll("\n", "\r\n")) },
  { name: "manifest with a byte order mark", build: withText((text) => `\ufeff${text}`) },
  { name: "manifest in UTF-16", build: withText((text) => Buffer.from(text, "utf16le")) },
  { name: "manifest with a lone surrogate", exitCodes: [0], build: withLine((line) => (line["tool"] = "\ud800")) },
  { name: "manifest with an empty line", build: withText((text) => text.replace("\n", "\n\n")) },
  { name: "empty manifest", build: withText(() => "") },
  { name: "manifest of one line of 65 MiB", build: withText((text) => text.replace("{", `{${" ".repeat(65 << 20)}`)) },
  {
    name: "manifest with an entry twice",
    build: (parts) => (parts.lines.splice(2, 0, { ...parts.lines[1] }), seal(parts)),
  },
  {
    name: "manifest with an entry that is not there",
    says: /entry missing/,
    build(parts) {
      put(parts, "more/absent", Buffer.from("x"));
      parts.entries.delete("more/absent");
      return seal(parts);
    },
  },
  {
    name: "entry that the manifest does not list",
    says: /not in the manifest/,
    build: (parts) => (parts.more.push({ name: "more/secret", content: "x" }), seal(parts)),
  },
  ...["storedBytes", "contentBytes", "plainBytes", "rows"].map((key): HostileCase => ({
    name: `manifest that is one off in ${key}`,
    fitsDigests: true,
    build: withTable((line) => (line[key] = Number(line[key]) + 1)),
  })),
  {
    name: "manifest with another digest",
    says: /sha256/,
    build: withTable((line) => (line["sha256"] = "0".repeat(64))),
  },
  { name: "frames that do not add up", build: withTable((line) => (line["frames"] = [[1, 1, 1]])) },
  { name: "no frames", fitsDigests: true, build: withTable((line) => (line["frames"] = [])) },
  {
    name: "frames of nothing",
    fitsDigests: true,
    build: withTable(
      (line) => (line["frames"] = [...Array.from({ length: 1e6 }, () => [0, 0, 0]), ...(line["frames"] as [])]),
    ),
  },
  {
    name: "frames cut in the wrong place",
    fitsDigests: true,
    build: withTable((line) => {
      const [content, plain, rows] = [line["contentBytes"], line["plainBytes"], line["rows"]].map(Number) as [
        number,
        number,
        number,
      ];
      line["frames"] = [
        [5, 1, 0],
        [content - 5, plain - 1, rows],
      ];
    }),
  },
  ...(["tool", "toolVersion", "instanceId", "application", "database", "excludedRows", "loss"] as const).map(
    (key): HostileCase => ({
      name: `manifest that deceives a terminal by its ${key}`,
      exitCodes: [0],
      build(parts) {
        const header = parts.lines[0]!;
        if (key === "application") header[key] = { name: deceiving, version: deceiving };
        else if (key === "excludedRows") header[key] = [deceiving];
        else if (key === "loss")
          parts.lines.splice(-1, 0, {
            type: "loss",
            kind: "missing",
            what: deceiving,
            expected: deceiving,
            found: deceiving,
          });
        else if (key === "database") {
          const texts = ["name", "serverVersion", "postgisVersion", "encoding", "collate", "ctype"];
          Object.assign(header[key] as object, Object.fromEntries(texts.map((text) => [text, deceiving])));
        } else header[key] = deceiving;
        return seal(parts);
      },
    }),
  ),
  {
    name: "migrations that deceive a terminal",
    exitCodes: [0],
    build: withLine((line) => (line["migrations"] = [{ component: deceiving, revision: deceiving }])),
  },
  {
    name: "name of a table in the manifest that deceives a terminal",
    exitCodes: [0, 5],
    build: withTable((line) => (line["table"] = { schema: deceiving, name: deceiving })),
  },
  {
    name: "no table of contents",
    build: (parts) => (drop(parts, tocName), seal(parts)),
  },
  { name: "rows of a table left out", says: /missing/, build: (parts) => (drop(parts, tableName(parts)), seal(parts)) },
  {
    name: "manifest, but no comment",
    says: /no digest of the manifest/,
    build: (parts) => {
      const bytes = seal(parts);
      const cut = Buffer.from(bytes.subarray(0, -90));
      cut.writeUInt16LE(0, cut.length - 2);
      return cut;
    },
  },
];
