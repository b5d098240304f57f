import { decodeField } from "../../migrations/copy-text.ts";

/** A row that is longer is left out: what is looked for are ids and names, and a description may be of any length. */
const longestRowBytes = 16 * 1024 * 1024;

const newline = 0x0a;
const tab = 0x09;

/**
 * Some fields of each row of COPY text, in bounded memory. Rows that are cut or too long are left out, as for who would rather
 * have a few names less than none.
 * @param columns places of the fields that are wanted
 * @returns fields in the order of `columns`; null where one is null or missing
 */
export async function* copyFields(
  source: AsyncIterable<Uint8Array>,
  columns: readonly number[],
): AsyncGenerator<(string | null)[]> {
  let rest: Buffer = Buffer.alloc(0);
  let isTooLong = false;
  for await (const chunk of source) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      if (!isTooLong && end > from) {
        const row = bytes.subarray(from, end);
        if (isEndMark(row)) return;
        yield fieldsOf(row, columns);
      }
      isTooLong = false;
      from = end + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
    if (rest.length <= longestRowBytes) continue;
    isTooLong = true;
    rest = Buffer.alloc(0);
  }
}

function fieldsOf(row: Buffer, columns: readonly number[]): (string | null)[] {
  const last = Math.max(...columns);
  const found = new Map<number, string | null>();
  for (let index = 0, from = 0; index <= last && from <= row.length; index += 1) {
    const tabAt = row.indexOf(tab, from);
    const end = tabAt < 0 ? row.length : tabAt;
    if (columns.includes(index)) found.set(index, decodeField(row.subarray(from, end)));
    from = end + 1;
  }
  return columns.map((column) => found.get(column) ?? null);
}

function isEndMark(row: Buffer): boolean {
  return row.length === 2 && row[0] === 0x5c && row[1] === 0x2e;
}
