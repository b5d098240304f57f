/** A line of a JSON Lines file, counted from 1. */
export interface Line {
  number: number;
  text: string;
}

/** What can be wrong with the file itself. `line` counts from 1. */
export type LineProblem = (line: number, expected: string, found: string) => Error;

const newline = 0x0a;

/**
 * Cuts a stream into lines, each ended by a newline, in UTF-8.
 * @param longestBytes of one line; a longer one is a problem before it is held
 * @param problem makes the error to throw
 */
export async function* splitLines(
  content: AsyncIterable<Buffer>,
  longestBytes: number,
  problem: LineProblem,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let parts: Buffer[] = [];
  let partBytes = 0;
  let number = 0;
  for await (const chunk of content) {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(newline, start);
      const part = chunk.subarray(start, end === -1 ? chunk.length : end);
      partBytes += part.length;
      if (partBytes > longestBytes) {
        throw problem(number + 1, `at most ${longestBytes} bytes in a line`, `${partBytes} bytes and more`);
      }
      parts.push(part);
      if (end === -1) break;
      number++;
      const bytes = parts.length === 1 ? part : Buffer.concat(parts);
      let text: string;
      try {
        text = decoder.decode(bytes);
      } catch {
        throw problem(number, "UTF-8", "another encoding");
      }
      yield { number, text };
      parts = [];
      partBytes = 0;
      start = end + 1;
    }
  }
  if (partBytes > 0) throw problem(number + 1, "a newline at its end", "the end of the file");
}

/** Lines shorter than this cannot nest deep enough, or hold enough, to matter. */
const harmlessLength = 8192;

/**
 * True when a text nests arrays and objects deeper than allowed. Looked at before JSON.parse, which would build all of it.
 */
export function nestsDeeper(text: string, deepest: number): boolean {
  if (text.length < harmlessLength) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > deepest) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}
