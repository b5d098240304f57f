import type { OutputStream } from "../context.ts";

/** The few marks that messages carry on a terminal. */
export interface Colours {
  red(text: string): string;
  yellow(text: string): string;
  bold(text: string): string;
}

/** Colours for a stream: none when it is no terminal, when `NO_COLOR` is set or `TERM` is `dumb`. */
export function coloursFor(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): Colours {
  const shown = stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const mark =
    (code: number) =>
    (text: string): string =>
      shown ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { red: mark(31), yellow: mark(33), bold: mark(1) };
}
