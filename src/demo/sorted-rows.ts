import { createHash } from "node:crypto";

/**
 * MD5 of rows in bytewise order, joined by line feeds, so that the order in which a server returns them does not count.
 * @param blocks COPY text in pieces that end at row ends, every row ended by a line feed
 */
export function md5OfSortedRows(blocks: readonly Buffer[]): { rows: number; md5: string } {
  const text = Buffer.concat(blocks);
  const starts = rowStarts(text);
  starts.sort((left, right) => compareRows(text, left, right));
  const hash = createHash("md5");
  // Rows are gathered first: a call of update for each costs more than the digest itself.
  const batch = Buffer.allocUnsafe(1024 * 1024);
  let used = 0;
  for (const [index, start] of starts.entries()) {
    const isLast = index === starts.length - 1;
    const end = text.indexOf(10, start) + (isLast ? 0 : 1);
    if (end - start > batch.length - used) {
      hash.update(batch.subarray(0, used));
      used = 0;
    }
    if (end - start > batch.length) hash.update(text.subarray(start, end));
    else used += text.copy(batch, used, start, end);
  }
  hash.update(batch.subarray(0, used));
  return { rows: starts.length, md5: hash.digest("hex") };
}

function rowStarts(text: Buffer): Float64Array {
  let rows = 0;
  for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, end + 1)) rows += 1;
  const starts = new Float64Array(rows);
  let start = 0;
  for (let row = 0; row < rows; row += 1) {
    starts[row] = start;
    start = text.indexOf(10, start) + 1;
  }
  return starts;
}

/** Compares without the line feed at the end of a row: a row that is the beginning of another comes first. */
function compareRows(text: Buffer, left: number, right: number): number {
  for (let offset = 0; ; offset += 1) {
    const a = text[left + offset] as number;
    const b = text[right + offset] as number;
    if (a !== b) return a === 10 ? -1 : b === 10 ? 1 : a - b;
    if (a === 10) return 0;
  }
}
