import type { Context } from "../context.ts";
import type { ProgressEvent, Reporter } from "../progress.ts";
import { openReporter, type ReportingFlags } from "./open-reporter.ts";

/** Where a command's news and result go, by the common flags. */
export interface CommandOutput extends Reporter {
  /** Whether stdout holds JSON lines only. */
  readonly json: boolean;
  report(event: ProgressEvent): void;
  /**
   * The command's result, at its end, once: with `--json` the last line `{"type":"summary", ...summary}`, else `text` on
   * stdout. Sizes in `summary` are bytes, moments RFC 3339.
   * @param text whole lines, ends with a line end; nothing when it is left out
   */
  finish(summary: Readonly<Record<string, unknown>>, text?: string): void;
  /** Something printed to stderr beside progress, a plan for example; dropped with `--json` and `--quiet`. */
  note(text: string): void;
  /** Finishes the progress line. The program does this itself when the command ends. */
  close(): void;
}

/** Opens a command's output. The caller closes it. */
export function openOutput(context: Context, flags: ReportingFlags): CommandOutput {
  const reporter = openReporter(context, flags);
  const json = flags.json === true;
  return {
    json,
    report: (event) => reporter.report(event),
    finish(summary, text) {
      reporter.close();
      if (json) context.stdout.write(`${JSON.stringify({ type: "summary", ...summary })}\n`);
      else if (text !== undefined) context.stdout.write(text);
    },
    note(text) {
      if (json || flags.quiet === true) return;
      reporter.close();
      context.stderr.write(text);
    },
    close: () => reporter.close(),
  };
}
