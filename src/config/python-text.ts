/**
 * Characters that Python's `str.isspace` and the `\s` of its `re` take for white space. JavaScript's `\s` has U+FEFF
 * besides, and lacks U+001C to U+001F and U+0085.
 */
export const pythonSpace = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

const leading = new RegExp(`^[${pythonSpace}]+`);

/** Python's `str.rstrip()`. */
export function rstrip(text: string): string {
  let end = text.length;
  while (end > 0 && leading.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** Python's `str.strip()`. */
export function strip(text: string): string {
  return rstrip(text.slice(indentation(text)));
}

/** Number of white space characters that the text begins with. */
export function indentation(text: string): number {
  return leading.exec(text)?.[0].length ?? 0;
}

/**
 * Python's `int(text)` in base 10, for ASCII digits: surrounding white space, a sign, single underscores between digits.
 * @returns undefined where Python raises ValueError, and for what is no safe integer
 */
export function parsePythonInteger(text: string): number | undefined {
  const trimmed = strip(text);
  if (!/^[+-]?\d+(?:_\d+)*$/.test(trimmed)) return undefined;
  const value = Number(trimmed.replaceAll("_", ""));
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}
