const newline = 0x0a;
/** The line that ends the rows, with the empty lines behind it. */
const terminator = /(?:^|\n)\\\.\n+$/;
/** The terminator with its empty lines takes no more. */
const tailBytes = 16;

/**
 * Whole rows of a block of COPY text.
 * @returns the rows, without a line that is cut and without what ends a table; whether that end was there
 */
export function wholeRows(block: Buffer): { text: Buffer; isEnd: boolean } {
  const whole = block.subarray(0, block.lastIndexOf(newline) + 1);
  const tail = whole.toString("latin1", Math.max(0, whole.length - tailBytes));
  const match = terminator.exec(tail);
  // In the middle of a long row nothing begins a line but a line end.
  if (match === null || (match.index === 0 && !match[0].startsWith("\n") && whole.length > tailBytes))
    return { text: whole, isEnd: false };
  const cut = match[0].length - (match[0].startsWith("\n") ? 1 : 0);
  return { text: whole.subarray(0, whole.length - cut), isEnd: true };
}

/** Number of rows of COPY text that ends with a line end. */
export function countRows(text: Buffer): number {
  let rows = 0;
  for (let at = text.indexOf(newline); at !== -1; at = text.indexOf(newline, at + 1)) rows += 1;
  return rows;
}

/**
 * Cuts COPY text into blocks at line ends; the last may end within a line. Blocks have memory of their own.
 * @param blockBytes about so many each
 */
export async function* cutAtRows(content: AsyncIterable<Buffer>, blockBytes: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let bytes = 0;
  // What ends a table must not be cut in two: so much stays for the next block.
  for await (const chunk of content) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes < blockBytes) continue;
    const all = Buffer.concat(parts);
    const end = all.lastIndexOf(newline, all.length - 1 - tailBytes) + 1;
    parts = [all.subarray(end)];
    bytes = all.length - end;
    if (end > 0) yield all.subarray(0, end);
  }
  if (bytes > 0) yield Buffer.concat(parts);
}
