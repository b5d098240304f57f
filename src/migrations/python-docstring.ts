const simpleEscapes: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\n": "",
};

/** What may stand before a module's docstring: blank space, comments, line ends. */
const leading = /^\uFEFF?(?:[ \t\f]*(?:#[^\n]*)?\r?\n)*/;
const opening = /^([rRuU]?)("""|'''|"|')/;
const escapeSequence =
  /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(0[0-9a-fA-F]{7})|\r?(\n)|([\\'"abfnrtv]))/g;

/**
 * The docstring of a Python module: the value of the string that stands first in it.
 * @param source text of the module
 * @returns undefined when the module does not begin with a string
 */
export function pythonDocstring(source: string): string | undefined {
  const start = leading.exec(source)?.[0].length ?? 0;
  const match = opening.exec(source.slice(start, start + 4));
  const quote = match?.[2];
  if (match === null || quote === undefined) return undefined;
  const from = start + match[0].length;
  const to = closingQuote(source, from, quote);
  if (to === undefined) return undefined;
  const text = source.slice(from, to);
  return match[1]?.toLowerCase() === "r" ? text : unescape(text);
}

function closingQuote(source: string, from: number, quote: string): number | undefined {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source.startsWith(quote, at)) return at;
    else if (quote.length === 1 && source[at] === "\n") return undefined;
  }
  return undefined;
}

function unescape(text: string): string {
  return text.replace(
    escapeSequence,
    (
      whole,
      octal: string | undefined,
      hex2: string | undefined,
      hex4: string | undefined,
      hex8: string | undefined,
      lineEnd: string | undefined,
      simple: string | undefined,
    ) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const hex = hex2 ?? hex4 ?? hex8;
      if (hex !== undefined) {
        const codePoint = Number.parseInt(hex, 16);
        return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole;
      }
      return simpleEscapes[lineEnd ?? simple ?? ""] ?? whole;
    },
  );
}
