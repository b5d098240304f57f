import { type BlockDigestRule, blockDigestBytes } from "./block-digest.ts";
import { entryNameProblem } from "./entry-path.ts";
import { type Fields, InvalidValue, checkCount, fieldsOf } from "./json-checks.ts";
import { momentOf } from "./manifest-moment.ts";
import type { BaseArchive, EntryPart, ManifestEntry, ManifestHeader } from "./manifest-types.ts";

const sha256Pattern = /^[0-9a-f]{64}$/;
const keyPattern = /^[0-9a-f]{32}$/;
const digestsPattern = /^[A-Za-z0-9+/]*={0,2}$/;
/** A chain longer than this is not one that somebody made. */
const mostBases = 100_000;

/** Validates how blocks are digested. @throws InvalidValue */
export function decodeBlockDigest(header: Fields): BlockDigestRule {
  const fields = header.object("blockDigest");
  return {
    algorithm: fields.oneOf("algorithm", ["aes-128-gmac"]),
    key: fields.matching("key", keyPattern, "32 lower-case hex digits"),
  };
}

/** Validates the list of archives that are referred to; null in format 1. @throws InvalidValue */
export function decodeBase(header: Fields, format: ManifestHeader["format"]): BaseArchive[] | null {
  if (format === 1) {
    if (header.get("base") !== null) throw new InvalidValue("null as header.base in format 1", "something else");
    return null;
  }
  const ids = new Set<number>();
  const digests = new Set<string>();
  return header.list("base", mostBases).map((item, index) => {
    const fields = fieldsOf(item, `header.base[${index}]`);
    const id = fields.count("id");
    if (id === 0 || ids.has(id)) throw new InvalidValue("each archive's own id from 1 on", String(id));
    ids.add(id);
    const fileName = fields.text("fileName", 255);
    if (fileName.includes("/") || entryNameProblem(fileName) !== undefined)
      throw new InvalidValue("a file's name as header.base.fileName", fileName);
    const sha256 = fields.matching("sha256", sha256Pattern, "64 lower-case hex digits");
    // Under two ids its bytes could be referred to twice (`checkReferences`).
    if (digests.has(sha256)) throw new InvalidValue("each archive once as header.base", `${fileName} again`);
    digests.add(sha256);
    return {
      id,
      fileName,
      sha256,
      createdAt: momentOf(fields, "createdAt"),
      instanceId: fields.nullable("instanceId", () => fields.text("instanceId")),
    };
  });
}

/** Validates the digests of an entry's frames. @throws InvalidValue */
export function decodeDigests(fields: Fields, { frames }: ManifestEntry): string {
  const digests = fields.get("digests");
  const expectedBytes = (frames?.length ?? 0) * blockDigestBytes;
  if (
    typeof digests === "string" &&
    digests.length === Math.ceil(expectedBytes / 3) * 4 &&
    digestsPattern.test(digests) &&
    Buffer.byteLength(digests, "base64") === expectedBytes
  )
    return digests;
  throw new InvalidValue(`${expectedBytes} bytes of digests in base64 as entry.digests`, "something else");
}

/** Validates where an entry of format 2 stands, and adds it. @throws InvalidValue */
export function decodeSource(fields: Fields, entry: ManifestEntry): void {
  if (fields.get("from") !== undefined) {
    const from = fields.object("from");
    entry.from = { archive: archiveOf(from.count("archive")), name: checkName(from.text("name", 4096)) };
    if (fields.get("parts") !== undefined) throw new InvalidValue("either from or parts", "both");
  }
  if (fields.get("parts") !== undefined) entry.parts = decodeParts(fields, entry);
}

function archiveOf(id: number): number {
  if (id > 0) return id;
  throw new InvalidValue("the id of another archive", String(id));
}

function checkName(name: string): string {
  const problem = entryNameProblem(name);
  if (problem === undefined && !name.endsWith("/")) return name;
  throw new InvalidValue("the name of a file in another archive", problem ?? name);
}

function decodeParts(fields: Fields, entry: ManifestEntry): EntryPart[] {
  if (entry.codec === "none" || entry.digests === undefined)
    throw new InvalidValue("a codec and digests for an entry in parts", "none");
  const frames = entry.frames ?? [];
  let frame = 0;
  let ownBytes = 0;
  const parts = fields.list("parts", frames.length).map((item): EntryPart => {
    if (!Array.isArray(item) || item.length !== 4)
      throw new InvalidValue("archive, name, offset and number of frames as a part", "something else");
    const [archive, offsetBytes, count] = [
      checkCount(item[0], "part.archive"),
      checkCount(item[2], "part.offset"),
      checkCount(item[3], "part.frames"),
    ];
    const name: unknown = item[1];
    if (typeof name !== "string" || name.length > 4096) throw new InvalidValue("a name as part.name", "something else");
    if (count === 0 || count > frames.length - frame)
      throw new InvalidValue(`parts of ${frames.length} frames together`, "another number");
    if (archive !== 0) checkName(name);
    else if (name !== "" || offsetBytes !== ownBytes)
      throw new InvalidValue(`own frames without a name, one after another, here at ${ownBytes}`, `${offsetBytes}`);
    else ownBytes += bytesOf(frames, frame, count);
    frame += count;
    return [archive, name, offsetBytes, count];
  });
  if (frame !== frames.length) throw new InvalidValue(`parts of ${frames.length} frames together`, String(frame));
  if (ownBytes !== entry.storedBytes)
    throw new InvalidValue(`${entry.storedBytes} bytes of own frames`, String(ownBytes));
  return parts;
}

function bytesOf(frames: readonly (readonly [number, number, number])[], from: number, count: number): number {
  let bytes = 0;
  for (let index = from; index < from + count; index += 1) bytes += frames[index]![0];
  return bytes;
}

/**
 * Checks that references name archives of the header, and that no byte of another archive is referred to twice: what an archive
 * unpacks to stays bounded by the size of those it refers to. Frames of others need the header's rule for digests.
 * @throws InvalidValue
 */
export function checkReferences(
  { blockDigest }: Pick<ManifestHeader, "blockDigest">,
  base: readonly BaseArchive[],
  entries: Iterable<ManifestEntry>,
): void {
  const ids = new Set(base.map(({ id }) => id));
  const wholes = new Set<string>();
  const ranges = new Map<string, [from: number, to: number][]>();
  for (const entry of entries) {
    // Nothing else proves what another archive's frames hold.
    if (entry.parts !== undefined && blockDigest === undefined)
      throw new InvalidValue("header.blockDigest for an entry in parts", "none");
    for (const [archive, name, offsetBytes, lengthBytes] of referencesOf(entry)) {
      if (!ids.has(archive)) throw new InvalidValue("an archive of header.base", `${archive} for ${entry.name}`);
      const key = `${archive} ${name}`;
      if (entry.from !== undefined) {
        if (wholes.has(key)) throw twice(name);
        wholes.add(key);
        continue;
      }
      const list = ranges.get(key);
      if (list === undefined) ranges.set(key, [[offsetBytes, offsetBytes + lengthBytes]]);
      else list.push([offsetBytes, offsetBytes + lengthBytes]);
    }
  }
  for (const [key, list] of ranges) {
    const name = key.slice(key.indexOf(" ") + 1);
    if (wholes.has(key)) throw twice(name);
    let reached = 0;
    for (const [from, to] of list.sort((a, b) => a[0] - b[0])) {
      if (from < reached) throw twice(name);
      reached = to;
    }
  }
}

function twice(name: string): InvalidValue {
  return new InvalidValue("each byte of another archive once", `${name} again`);
}

/** What an entry takes from other archives: archive, entry, and which bytes of its content. */
export function* referencesOf(
  entry: ManifestEntry,
): Generator<[archive: number, name: string, offsetBytes: number, lengthBytes: number]> {
  if (entry.from !== undefined) yield [entry.from.archive, entry.from.name, 0, entry.contentBytes];
  let frame = 0;
  for (const [archive, name, offsetBytes, count] of entry.parts ?? []) {
    if (archive !== 0) yield [archive, name, offsetBytes, bytesOf(entry.frames ?? [], frame, count)];
    frame += count;
  }
}
