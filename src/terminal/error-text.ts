import { AppError, ExitCode, messageOf } from "../errors.ts";
import type { Colours } from "./colours.ts";
import { printable } from "./printable.ts";

/** How much of an error is shown. */
export interface ErrorTextOptions {
  colours: Colours;
  /** Also shows the errors behind an expected one. */
  verbose: boolean;
}

/**
 * An error as stderr shows it: for an expected one a line `error: ...`, details indented, hints a line each; for anything
 * else, which is a defect, its stack. Ends with a line end.
 */
export function formatError(error: unknown, { colours, verbose }: ErrorTextOptions): string {
  if (!(error instanceof AppError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${colours.red("error:")} unexpected: ${stack}\nhint: please report this with the lines above\n`;
  }
  const lines = [
    `${colours.red("error:")} ${printable(error.message)}`,
    ...error.details.map((detail) => `  ${printable(detail)}`),
    ...(verbose ? causes(error).map((cause) => `  because: ${cause}`) : []),
    ...error.hints.map((hint) => `${colours.bold("hint:")} ${printable(hint)}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** An error as the last JSON line: `code`, `message`, `hint`, `exitCode`, and `details` where there are any. */
export function errorRecord(error: unknown): Record<string, unknown> {
  if (!(error instanceof AppError)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { type: "error", code: "unexpected", message, hint: null, exitCode: ExitCode.failed };
  }
  return {
    type: "error",
    code: error.code,
    message: error.message,
    ...(error.details.length === 0 ? {} : { details: error.details }),
    hint: error.hints.length === 0 ? null : error.hints.join("\n"),
    exitCode: error.exitCode,
  };
}

function causes(error: Error): string[] {
  const found: string[] = [];
  for (let cause = error.cause; cause !== undefined && found.length < 10;) {
    found.push(cause instanceof Error ? `${cause.name}: ${cause.message}` : messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return found.map(printable);
}
