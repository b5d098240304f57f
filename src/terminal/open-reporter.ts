import type { Context } from "../context.ts";
import type { ProgressEvent } from "../progress.ts";
import type { ClosableReporter } from "./closable-reporter.ts";
import { coloursFor } from "./colours.ts";
import { JsonReporter } from "./json-reporter.ts";
import { PlainReporter, messageLines } from "./plain-reporter.ts";
import { TerminalReporter } from "./terminal-reporter.ts";

const tickIntervalMs = 1000;

/** What the common flags say about the way of reporting. */
export interface ReportingFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * The reporter for the streams and flags at hand: JSON lines on stdout; else on stderr only warnings when quiet, a line
 * updated in place on a terminal, a line a stage elsewhere. The caller closes it before it prints anything itself.
 */
export function openReporter(context: Context, flags: ReportingFlags): ClosableReporter {
  const colours = coloursFor(context.stderr, context.env);
  const clockMs = (): number => performance.now();
  if (flags.json === true) return ticking(new JsonReporter(context.stdout, clockMs, flags.quiet === true));
  if (flags.quiet === true) {
    return {
      report(event: ProgressEvent) {
        if (event.type === "warning") context.stderr.write(messageLines(event, colours));
      },
      tick() {},
      close() {},
    };
  }
  const onTerminal = context.stderr.isTTY === true && context.env["TERM"] !== "dumb";
  return onTerminal
    ? ticking(new TerminalReporter(context.stderr, colours, clockMs))
    : new PlainReporter(context.stderr, colours, clockMs);
}

/** Lets a reporter show every second how time passes, from the first news until it is closed: some work says nothing for long. */
function ticking(reporter: ClosableReporter): ClosableReporter {
  let timer: NodeJS.Timeout | undefined;
  return {
    report(event) {
      timer ??= setInterval(() => reporter.tick(), tickIntervalMs).unref();
      reporter.report(event);
    },
    tick: () => reporter.tick(),
    close() {
      clearInterval(timer);
      timer = undefined;
      reporter.close();
    },
  };
}
