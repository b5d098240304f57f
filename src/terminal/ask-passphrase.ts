import { StringDecoder } from "node:string_decoder";
import type { Context } from "../context.ts";
import { AppError, ExitCode } from "../errors.ts";

const [interrupt, endOfInput, backspace, deleteKey, clearLine] = ["\x03", "\x04", "\b", "\x7f", "\x15"];

/**
 * Asks for a passphrase, as `askHidden` does.
 * @param what it belongs to: `the archive`
 * @throws AppError interrupted on Ctrl-C; the signal's reason
 */
export async function askPassphrase(context: Context, what: string): Promise<string> {
  return await askHidden(context, `Passphrase of ${what}`);
}

/**
 * Asks for a secret on stderr; what is typed on stdin is not shown. Only where `canAsk` says so.
 * @throws AppError interrupted on Ctrl-C; the signal's reason
 */
export async function askHidden(context: Context, question: string): Promise<string> {
  const { stdin, stderr, signal } = context;
  signal.throwIfAborted();
  // The terminal must not echo, before it asks; nor does it make a signal of Ctrl-C then.
  stdin.setRawMode?.(true);
  stderr.write(`${question}: `);
  try {
    return await new Promise<string>((resolve, reject) => {
      const decoder = new StringDecoder("utf8");
      let typed: string[] = [];
      const end = (settle: () => void): void => {
        stdin.off("data", onData);
        stdin.off("end", onEnd);
        signal.removeEventListener("abort", onAbort);
        stdin.pause();
        settle();
      };
      const onEnd = (): void => end(() => resolve(typed.join("")));
      const onAbort = (): void => end(() => reject(signal.reason as Error));
      const onData = (chunk: Buffer | string): void => {
        for (const key of typeof chunk === "string" ? chunk : decoder.write(chunk)) {
          if (key === "\r" || key === "\n" || key === endOfInput) return onEnd();
          if (key === interrupt)
            return end(() => reject(new AppError("interrupted", "interrupted", {}, ExitCode.interrupted)));
          if (key === backspace || key === deleteKey) typed.pop();
          else if (key === clearLine) typed = [];
          else typed.push(key);
        }
      };
      stdin.on("data", onData);
      stdin.on("end", onEnd);
      signal.addEventListener("abort", onAbort, { once: true });
      // It is paused after another question.
      stdin.resume();
    });
  } finally {
    stdin.setRawMode?.(false);
    stderr.write("\n");
  }
}
