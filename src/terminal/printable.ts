// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const deceiving = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from an archive, a database or a file system made fit for a terminal: control characters, which could move the
 * cursor or colour what follows, and those that turn the direction of writing are shown as `\xNN` or `\uNNNN`, line ends as `\n`.
 */
export function printable(text: string): string {
  return text.replaceAll(deceiving, (character) => {
    if (character === "\n") return String.raw`\n`;
    if (character === "\t") return String.raw`\t`;
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
