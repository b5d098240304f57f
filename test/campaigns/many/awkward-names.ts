import { quoteIdentifier } from "../../../src/postgres/quoting.ts";
import type { Random } from "../random.ts";

/** Longest name that PostgreSQL keeps, in bytes. */
const longestBytes = 63;

/** What programs stumble over in names: quotes, separators, line ends, comments, patterns, folding, several bytes a character. */
const pieces: readonly string[] = [
  '"', '""', "'", ".", "..", " ", "  ", "\\", "\\n", "%", "%s", "%%", "\n", "\r\n", "\t", ";", "--", "/*", "*/", "$$", "$1", "(", ")",
  ",", ":", "::", "=", "@", "#", "|", "&", "<", ">", "?", "*", "[", "]", "{", "}", "~", "`", "^", "-", "_", "/", "A", "Ж", "ß", "é",
  "e\u0301", "🗺️", "👩‍👩‍👧", "漢", "\u202e", "\u200b", "\u00a0", "\ufeff", "select", "TABLE", "null", "FROM stdin", "public.", "pg_", "1", "x",
]; // prettier-ignore

/** Gives names, quoted, none of them twice. */
export type Names = (stem: string) => string;

/**
 * Names drawn at random, many of them as long as can be. Each ends with what tells it from the others, so that a name cut off
 * anywhere is another one.
 */
export function awkwardNames(random: Random): Names {
  let count = 0;
  return (stem) => {
    count += 1;
    const isPlain = random.below(5) === 0;
    const ending = `${stem}${count}`;
    if (isPlain) return quoteIdentifier(ending);
    const limit = random.below(2) === 0 ? longestBytes : 12 + random.below(longestBytes - 12);
    let name = "";
    for (let tries = 0; tries < 40; tries += 1) {
      const piece = random.oneOf(pieces);
      if (Buffer.byteLength(name + piece + ending) > limit) continue;
      name += piece;
    }
    // a schema of that beginning would be the server's own
    if (name.startsWith("pg_")) name = name.replace("pg_", "pg ");
    name += ending;
    return quoteIdentifier(name + "x".repeat(Math.max(0, limit - Buffer.byteLength(name))));
  };
}
