import { DamagedError } from "../errors.ts";

/** A row longer than this is no row of applied migrations. */
const maxRowBytes = 64 * 1024;

const newline = 0x0a;
const tab = 0x09;
const backslash = 0x5c;
/** Bytes that stand for others after a backslash; any other byte stands for itself. */
const namedEscapes = new Map(
  [
    ["b", 0x08],
    ["f", 0x0c],
    ["n", 0x0a],
    ["r", 0x0d],
    ["t", 0x09],
    ["v", 0x0b],
  ].map(([letter, byte]) => [String(letter).charCodeAt(0), Number(byte)]),
);

/**
 * Decodes the rows of a small table from COPY's text format (PostgreSQL documentation, COPY, "Text Format"), until the
 * `\.` line or the end. Meant for tables of some kilobytes: it is exact, not fast.
 * @param source COPY text in any pieces; only read as far as is needed
 * @param label what is read, for messages
 * @returns rows of fields, null where the field is null
 * @throws DamagedError when a row is longer than any row of such a table, when the last row is cut off, or when something
 *   but blank lines follows `\.`
 */
export async function* decodeCopyText(
  source: AsyncIterable<Uint8Array>,
  label: string,
): AsyncGenerator<(string | null)[], void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let ended = false;
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      const line = bytes.subarray(from, end);
      from = end + 1;
      if (ended && line.length > 0) throw damaged(label, "an end after \\.", "another row");
      if (isEndMark(line)) ended = true;
      else if (!ended) yield decodeRow(line, label);
    }
    rest = bytes.subarray(from);
    if (rest.length > maxRowBytes) throw damaged(label, `rows of at most ${maxRowBytes} bytes`, "a longer one");
  }
  if (rest.length === 0 || (isEndMark(rest) && !ended)) return;
  throw damaged(label, "a line end after the last row", "none");
}

function isEndMark(line: Buffer): boolean {
  return line.length === 2 && line[0] === backslash && line[1] === 0x2e;
}

function decodeRow(line: Buffer, label: string): (string | null)[] {
  if (line.length > maxRowBytes) throw damaged(label, `rows of at most ${maxRowBytes} bytes`, `${line.length}`);
  const fields: (string | null)[] = [];
  for (let from = 0; ;) {
    const end = line.indexOf(tab, from);
    fields.push(decodeField(line.subarray(from, end < 0 ? line.length : end)));
    if (end < 0) return fields;
    from = end + 1;
  }
}

/** Decodes a single field; null for the mark of a null. */
export function decodeField(field: Buffer): string | null {
  if (field.length === 2 && field[0] === backslash && field[1] === 0x4e) return null;
  const bytes: number[] = [];
  for (let at = 0; at < field.length; at += 1) {
    const byte = field[at] ?? 0;
    if (byte !== backslash || at + 1 === field.length) {
      bytes.push(byte);
      continue;
    }
    const escape = /^\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2}))/.exec(field.toString("latin1", at, at + 4));
    if (escape === null) {
      const next = field[at + 1] ?? 0;
      bytes.push(namedEscapes.get(next) ?? next);
      at += 1;
    } else {
      const [whole, octal, hex] = escape;
      bytes.push((octal === undefined ? Number.parseInt(hex ?? "", 16) : Number.parseInt(octal, 8)) & 0xff);
      at += whole.length - 1;
    }
  }
  return Buffer.from(bytes).toString("utf8");
}

function damaged(label: string, expected: string, found: string): DamagedError {
  return new DamagedError("copy-text", `rows of ${label} are damaged: expected ${expected}, found ${found}`);
}
