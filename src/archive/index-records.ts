import { damagedError, printable } from "./damage.ts";
import { RefusedError } from "../errors.ts";
import { type Fields, InvalidValue, fieldsOf } from "./json-checks.ts";
import { splitLines } from "./json-lines.ts";
import { isComponentName } from "./entry-names.ts";

/** A blob of file storage, a row of table `fileobj`. `size` and `sha256` (of the plain blob) are ours. */
export interface FileobjPayload {
  component: string;
  /** 32 lower-case hex digits. */
  uuid: string;
  size?: number;
  sha256?: string;
}

/** A custom font, from NextGIS Web 5.0 on. */
export interface FontPayload {
  component: string;
  filename: string;
  size?: number;
  sha256?: string;
}

/** What an index record tells about the record's bytes. */
export type IndexPayload = FileobjPayload | FontPayload;

/** A line of a component's `$index`. */
export type IndexRecord =
  | { id: number; identity: "fileobj"; payload: FileobjPayload }
  | { id: number; identity: "font"; payload: FontPayload };

const longestLineBytes = 64 * 1024;
const uuidPattern = /^[0-9a-f]{32}$/;
const sha256Pattern = /^[0-9a-f]{64}$/;
const fontPattern = /^[A-Za-z0-9_-]{1,200}\.(?:ttf|otf)$/;

/**
 * Encodes a record as a line with its newline: exactly the keys `id`, `identity`, `payload`, as NextGIS Web's reader wants
 * it; it ignores further keys inside of `payload`.
 * @throws Error for a payload that could not be read back
 */
export function encodeIndexRecord(record: { id: number; identity: "fileobj" | "font"; payload: IndexPayload }): string {
  const { id, identity, payload } = record;
  const { component, size, sha256 } = payload;
  const name = "uuid" in payload ? { uuid: payload.uuid } : { filename: payload.filename };
  const isSound =
    Number.isSafeInteger(id) &&
    id > 0 &&
    isComponentName(component) &&
    ("uuid" in payload ? uuidPattern.test(payload.uuid) : fontPattern.test(payload.filename)) &&
    (size === undefined || (Number.isSafeInteger(size) && size >= 0)) &&
    (sha256 === undefined || sha256Pattern.test(sha256));
  if (!isSound) throw new Error(`record ${id} cannot be put into an index: ${JSON.stringify(payload)}`);
  return `${JSON.stringify({ id, identity, payload: { component, ...name, size, sha256 } })}\n`;
}

/**
 * Decodes the lines of a component's `$index`; numbers count from 1 without a gap.
 * @param label of the archive
 * @param entryName of the index, for messages
 * @throws DamagedError; RefusedError for an identity that this version does not know
 */
export async function* decodeIndexRecords(
  label: string,
  entryName: string,
  content: AsyncIterable<Buffer>,
): AsyncGenerator<IndexRecord> {
  const problem = (line: number, expected: string, found: string): Error =>
    damagedError(label, { what: `line ${line}`, entry: entryName, expected, found: printable(found) });
  for await (const { number, text } of splitLines(content, longestLineBytes, problem)) {
    let record: IndexRecord | string;
    try {
      record = decodeRecord(JSON.parse(text), number);
    } catch (error) {
      if (error instanceof InvalidValue) throw problem(number, error.expected, error.found);
      if (error instanceof SyntaxError) throw problem(number, "a JSON object", text.slice(0, 80));
      throw error;
    }
    if (typeof record === "string") {
      throw new RefusedError(
        "unknown-identity",
        `${label}: entry ${entryName}: line ${number}: expected identity fileobj or font, found ${printable(record)}`,
        { hints: ["a newer NextGIS Web wrote this archive: install a newer version of ngwbackup"] },
      );
    }
    yield record;
  }
}

/**
 * Decodes a single line of an index, whatever its number, for who has to do with what is left of one.
 * @returns undefined for a line that is no record of an identity that this version knows
 */
export function decodeIndexLine(text: string): IndexRecord | undefined {
  if (text.length > longestLineBytes) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const record = decodeRecord(value, fieldsOf(value, "record").count("id"));
    return typeof record === "string" ? undefined : record;
  } catch (error) {
    if (error instanceof InvalidValue || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Returns the name of an identity that is well-formed, but unknown. */
function decodeRecord(value: unknown, expectedId: number): IndexRecord | string {
  const fields = fieldsOf(value, "record");
  const keys = fields.keys();
  if (keys.length !== 3 || ["id", "identity", "payload"].some((key) => fields.get(key) === undefined)) {
    throw new InvalidValue("exactly the keys id, identity, payload", keys.toSorted().join(", "));
  }
  const id = fields.count("id");
  if (id !== expectedId || id === 0) throw new InvalidValue(`id ${expectedId}`, String(id));
  const identity = fields.text("identity", 63);
  if (!isComponentName(identity)) throw new InvalidValue("a name as identity", identity);
  const payload = fields.object("payload");
  if (identity !== "fileobj" && identity !== "font") return identity;
  const component = payload.text("component", 63);
  if (!isComponentName(component)) throw new InvalidValue("a component's name as payload.component", component);
  const common = { component, ...measures(payload) };
  if (identity === "fileobj") {
    const uuid = payload.matching("uuid", uuidPattern, "32 lower-case hex digits");
    return { id, identity, payload: { ...common, uuid } };
  }
  const filename = payload.matching("filename", fontPattern, "a font's file name");
  return { id, identity, payload: { ...common, filename } };
}

function measures(payload: Fields): { size?: number; sha256?: string } {
  const size = payload.optional("size", () => payload.count("size"));
  const sha256 = payload.optional("sha256", () =>
    payload.matching("sha256", sha256Pattern, "64 lower-case hex digits"),
  );
  return { ...(size === undefined ? {} : { size }), ...(sha256 === undefined ? {} : { sha256 }) };
}
