import type { Client } from "../connection.ts";
import { copyIn } from "../copy-in.ts";
import { isRowRefusal, refusalText, refusedLine } from "./server-refusal.ts";

/** A row that the server would not take. */
export interface RefusedRow {
  /** Number within the text, from 0. */
  index: number;
  message: string;
}

/** What became of rows. */
export interface CopiedRows {
  rows: number;
  refused: RefusedRow[];
}

const newline = 0x0a;

/**
 * Sends rows and leaves out those that the server refuses for what stands in them: each COPY is a transaction of its own, and
 * ends before the row that its error names; where it names none, halves are tried.
 * @param sql the COPY statement
 * @param text whole rows
 * @param mostRefused when more than so many are refused, the rest is not tried any more
 * @returns `givenUpAt` is the first row of which it is not known then what became of it and those behind
 * @throws what the server says about anything but a row
 */
export async function copyRowsLeniently(
  client: Client,
  sql: string,
  text: Buffer,
  mostRefused: number,
  signal: AbortSignal,
): Promise<CopiedRows & { givenUpAt: number | undefined }> {
  const result: CopiedRows & { givenUpAt: number | undefined } = { rows: 0, refused: [], givenUpAt: undefined };
  // Ranges that are still to be sent, the next one last; the offsets of all lines are needed only once something is wrong.
  let lines: number[] | undefined;
  const ranges: { from: number; to: number }[] = [];
  const send = async (bytes: Buffer): Promise<number> => {
    // copyIn gives its memory away.
    const [rows = 0] = await copyIn(client, [{ sql, source: oneChunk(Buffer.from(bytes)) }], signal);
    return rows;
  };
  try {
    result.rows = await send(text);
    return result;
  } catch (error) {
    if (!isRowRefusal(error)) throw error;
    lines = lineStarts(text);
    split(ranges, { from: 0, to: lines.length - 1 }, error, result);
  }
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    if (result.refused.length > mostRefused) {
      result.givenUpAt = range.from;
      return result;
    }
    try {
      result.rows += await send(text.subarray(lines[range.from], lines[range.to]));
    } catch (error) {
      if (!isRowRefusal(error)) throw error;
      split(ranges, range, error, result);
    }
  }
  return result;
}

/** Puts what is left of a range that failed onto the stack: what stands before the row, and behind it. */
function split(
  ranges: { from: number; to: number }[],
  { from, to }: { from: number; to: number },
  error: unknown,
  result: CopiedRows,
): void {
  const line = refusedLine(error);
  const isNamed = line !== undefined && line >= 1 && line <= to - from;
  if (to - from === 1 || isNamed) {
    const index = to - from === 1 ? from : from + (line ?? 1) - 1;
    result.refused.push({ index, message: refusalText(error) });
    if (index + 1 < to) ranges.push({ from: index + 1, to });
    if (from < index) ranges.push({ from, to: index });
    return;
  }
  const middle = Math.floor((from + to) / 2);
  ranges.push({ from: middle, to }, { from, to: middle });
}

/** Offsets of all lines, and of the end. */
function lineStarts(text: Buffer): number[] {
  const starts = [0];
  for (let at = text.indexOf(newline); at !== -1; at = text.indexOf(newline, at + 1)) starts.push(at + 1);
  return starts;
}

async function* oneChunk(chunk: Buffer): AsyncGenerator<Buffer> {
  yield chunk;
}
