import { ExitCode, messageOf } from "../../errors.ts";
import { closeAlert, openAlert, readAlert } from "../../history/alerts.ts";
import type { History } from "../../history/history.ts";
import type { EndedRun } from "../../history/run.ts";
import type { Channels, NoticeEvent } from "../../notifications/settings.ts";
import type { Reporter } from "../../progress.ts";
import type { RunFacts } from "./run-facts.ts";
import { runNotice } from "./run-notice.ts";
import { tell } from "./tell.ts";

/**
 * Tells of a run's end whoever wants to know of it: a failure or a loss each time, and once that it is over. What a person
 * stopped is no failure.
 * @param history remembers what was told; undefined where there is none, so that no end of it is told
 */
export async function notifyRun(
  channels: Channels,
  facts: RunFacts,
  ended: EndedRun,
  history: History | undefined,
  reporter: Reporter,
): Promise<void> {
  const event = eventOf(ended);
  if (event === undefined) return;
  const isBad = event === "failure" || event === "loss";
  const isOver = rememberIn(history, facts.command, isBad ? event : undefined, ended.endedAt ?? 0, reporter);
  await tell(channels, runNotice(event, facts, ended), reporter);
  if (isOver) await tell(channels, runNotice("recovery", facts, ended), reporter);
}

/**
 * Remembers that something is wrong, or not any more.
 * @returns whether something was wrong that is over
 */
function rememberIn(
  history: History | undefined,
  name: string,
  event: NoticeEvent | undefined,
  since: number,
  reporter: Reporter,
): boolean {
  if (history === undefined) return false;
  try {
    if (event !== undefined) {
      openAlert(history, { name, event, since });
      return false;
    }
    const wasOpen = readAlert(history, name) !== undefined;
    if (wasOpen) closeAlert(history, name);
    return wasOpen;
  } catch (error) {
    const message = `what was told cannot be remembered: ${messageOf(error)}`;
    reporter.report({ type: "warning", code: "history", message });
    return false;
  }
}

/** Undefined: a person stopped it, and knows. */
function eventOf({ state, exitCode, error }: EndedRun): NoticeEvent | undefined {
  if (state === "done") return "success";
  if (state === "losses") return "loss";
  return exitCode === ExitCode.interrupted || error?.code === "not-confirmed" ? undefined : "failure";
}
