import { createInterface } from "node:readline/promises";
import type { Context } from "../context.ts";

/** Whether somebody can be asked: stdin and stderr are a terminal. */
export function canAsk(context: Context): boolean {
  return context.stdin.isTTY === true && context.stderr.isTTY === true;
}

/**
 * Asks a question on stderr. Only `y` and `yes` mean yes.
 * @throws the signal's reason when the program is interrupted meanwhile
 */
export async function confirm(context: Context, question: string): Promise<boolean> {
  const lines = createInterface({ input: context.stdin, output: context.stderr, terminal: false });
  try {
    const answer = await Promise.race([
      lines.question(`${question} [y/N] `, { signal: context.signal }),
      // Without it an end of input (Ctrl-D) would leave the question open.
      new Promise<string>((resolve) => lines.once("close", () => resolve(""))),
    ]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch (error) {
    context.signal.throwIfAborted();
    throw error;
  } finally {
    lines.close();
  }
}
