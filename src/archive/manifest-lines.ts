import { entryNameProblem } from "./entry-path.ts";
import { type Fields, InvalidValue, checkCount, checkText, fieldsOf } from "./json-checks.ts";
import { decodeBase, decodeBlockDigest, decodeDigests, decodeSource } from "./manifest-references.ts";
import { momentOf } from "./manifest-moment.ts";
import type { ManifestEnd, ManifestEntry, ManifestHeader, ManifestLoss } from "./manifest-types.ts";

const sha256 = /^[0-9a-f]{64}$/;
const codecs = ["none", "zstd", "gzip"] as const;

/** The format number of a header line, before anything else of it is believed. @throws InvalidValue */
export function formatOf(value: unknown): number {
  const fields = fieldsOf(value, "header");
  fields.oneOf("type", ["header"]);
  return fields.count("format");
}

/** Validates a header line of format 1 or 2; unknown keys are dropped. @throws InvalidValue */
export function decodeHeader(value: unknown): ManifestHeader {
  const fields = fieldsOf(value, "header");
  const application = fields.object("application");
  const version = application.optional("version", () => application.text("version"));
  const database = fields.object("database");
  const collationVersion = database.optional("collationVersion", () => database.text("collationVersion"));
  const options = fields.object("options");
  const format = fields.count("format") === 2 ? 2 : 1;
  const blockDigest = fields.optional("blockDigest", () => decodeBlockDigest(fields));
  const tags = fields.optional("tags", () => fields.list("tags", 1000).map((item) => checkText(item, "header.tags")));
  return {
    type: "header",
    format,
    tool: fields.text("tool"),
    toolVersion: fields.text("toolVersion"),
    createdAt: momentOf(fields, "createdAt"),
    snapshotAt: momentOf(fields, "snapshotAt"),
    application: { name: application.text("name"), ...(version === undefined ? {} : { version }) },
    instanceId: fields.nullable("instanceId", () => fields.text("instanceId")),
    database: {
      name: database.text("name"),
      serverVersion: database.text("serverVersion"),
      serverVersionNum: database.count("serverVersionNum"),
      postgisVersion: database.nullable("postgisVersion", () => database.text("postgisVersion")),
      encoding: database.text("encoding"),
      collate: database.text("collate"),
      ctype: database.text("ctype"),
      ...(collationVersion === undefined ? {} : { collationVersion }),
      extensions: database.list("extensions", 10_000).map((item, index) => {
        const extension = fieldsOf(item, `header.database.extensions[${index}]`);
        return { name: extension.text("name"), version: extension.text("version"), schema: extension.text("schema") };
      }),
      sizeBytes: database.count("sizeBytes"),
    },
    migrations: fields.nullable("migrations", () =>
      fields.list("migrations", 1_000_000).map((item, index) => {
        const migration = fieldsOf(item, `header.migrations[${index}]`);
        return { component: migration.text("component"), revision: migration.text("revision") };
      }),
    ),
    options: {
      compression: options.oneOf("compression", [...codecs, "deflate"]),
      level: options.nullable("level", () => levelOf(options)),
    },
    excludedRows: fields.list("excludedRows", 1_000_000).map((item) => checkText(item, "header.excludedRows")),
    ...(tags === undefined ? {} : { tags }),
    ...(blockDigest === undefined ? {} : { blockDigest }),
    base: decodeBase(fields, format),
  };
}

function levelOf(options: Fields): number {
  const level = options.get("level");
  // zstd has negative levels.
  if (typeof level === "number" && Number.isInteger(level) && Math.abs(level) <= 200_000) return level;
  throw new InvalidValue("a whole number as header.options.level", String(level));
}

/**
 * Validates an entry line; unknown keys are dropped.
 * @param format of the archive: only 2 knows references
 * @throws InvalidValue
 */
export function decodeEntry(value: unknown, format: ManifestHeader["format"]): ManifestEntry {
  const fields = fieldsOf(value, "entry");
  const name = fields.text("name", 4096);
  const problem = entryNameProblem(name);
  if (problem !== undefined || name.endsWith("/")) throw new InvalidValue("a file's name", problem ?? name);
  const entry: ManifestEntry = {
    type: "entry",
    name,
    storedBytes: fields.count("storedBytes"),
    contentBytes: fields.count("contentBytes"),
    sha256: fields.matching("sha256", sha256, "64 lower-case hex digits"),
    codec: fields.oneOf("codec", codecs),
    plainBytes: fields.count("plainBytes"),
  };
  if (entry.codec === "none" && entry.plainBytes !== entry.contentBytes) {
    throw new InvalidValue(`${entry.contentBytes} as entry.plainBytes, as there is no codec`, `${entry.plainBytes}`);
  }
  if (fields.get("table") !== undefined) {
    const table = fields.object("table");
    entry.table = { schema: table.text("schema"), name: table.text("name") };
  }
  if (fields.get("rows") !== undefined) entry.rows = fields.count("rows");
  if (fields.get("frames") !== undefined) entry.frames = decodeFrames(fields, entry);
  if (fields.get("digests") !== undefined) entry.digests = decodeDigests(fields, entry);
  if (fields.get("piecePages") !== undefined) entry.piecePages = fields.count("piecePages");
  if (format === 2) decodeSource(fields, entry);
  return entry;
}

function decodeFrames(fields: Fields, entry: ManifestEntry): [number, number, number][] {
  const sums: [number, number, number] = [0, 0, 0];
  // Checked where they are: a second list of millions of frames would be another half a gigabyte.
  const frames = fields.list("frames", 50_000_000);
  if (frames.length > entry.contentBytes + 1) {
    throw new InvalidValue(
      `at most ${entry.contentBytes + 1} frames of ${entry.contentBytes} bytes`,
      `${frames.length}`,
    );
  }
  for (const item of frames) {
    if (!Array.isArray(item) || item.length !== 3) throw new InvalidValue("three numbers as a frame", "something else");
    sums[0] += checkCount(item[0], "frame.storedBytes");
    sums[1] += checkCount(item[1], "frame.plainBytes");
    sums[2] += checkCount(item[2], "frame.rows");
  }
  const expected = [entry.contentBytes, entry.plainBytes, entry.rows ?? 0] as const;
  (["content", "plain bytes", "rows"] as const).forEach((what, index) => {
    const sum = sums[index as 0 | 1 | 2];
    if (sum === expected[index as 0 | 1 | 2]) return;
    throw new InvalidValue(`frames that add up to ${expected[index as 0 | 1 | 2]} (${what})`, String(sum));
  });
  return frames as [number, number, number][];
}

/** Validates a loss line; unknown keys are dropped. @throws InvalidValue */
export function decodeLoss(value: unknown): ManifestLoss {
  const fields = fieldsOf(value, "loss");
  const expected = fields.optional("expected", () => fields.text("expected"));
  const found = fields.optional("found", () => fields.text("found"));
  return {
    type: "loss",
    kind: fields.oneOf("kind", ["missing", "unreadable", "size"]),
    what: fields.text("what"),
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  };
}

/** Validates the end line; unknown keys are dropped. @throws InvalidValue */
export function decodeEnd(value: unknown): ManifestEnd {
  const fields = fieldsOf(value, "end");
  return {
    type: "end",
    entries: fields.count("entries"),
    losses: fields.count("losses"),
    rows: fields.count("rows"),
    blobs: fields.count("blobs"),
    plainBytes: fields.count("plainBytes"),
  };
}
