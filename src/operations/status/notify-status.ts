import { hostname } from "node:os";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Finding } from "../../finding.ts";
import { closeAlert, openAlert, readAlert } from "../../history/alerts.ts";
import { openHistory } from "../../history/history.ts";
import { type Notice, blankFields } from "../../notifications/notice.ts";
import type { Reporter } from "../../progress.ts";
import { toolVersion } from "../../version.ts";
import { tell } from "../runs/tell.ts";
import { type Status, kindStatus } from "./read-status.ts";

const name = "status";

/** What is still due after so long is told again. */
const remindMs = 24 * 60 * 60 * 1000;

/**
 * Tells what is due and of which no run has told: a backup that is too old or gone, room that is short, a run that was
 * killed. It is told once, again each day, and when it is over; what nobody has taken is told again the next time.
 * @throws AppError history when what was told cannot be remembered
 */
export async function notifyStatus(
  status: Status,
  findings: readonly Finding[],
  settings: Settings,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  const state = settings.runs.state;
  const history = state === undefined ? undefined : await openHistory(state, context.isRoot);
  if (history === undefined) return;
  const { channels } = settings.runs;
  try {
    const due = findings.filter((finding) => finding.level === "fail" && !wasTold(status, finding));
    const alert = readAlert(history, name);
    if (due.length === 0) {
      if (alert === undefined) return;
      const isTold = await tell(channels, notice("recovery", "all is well again", findings, settings), reporter);
      if (isTold) closeAlert(history, name);
    } else if (alert === undefined || status.at - alert.since >= remindMs) {
      const isTold = await tell(channels, notice("age", due[0]?.message ?? "", due, settings), reporter);
      if (isTold) openAlert(history, { name, event: "age", since: status.at });
    }
  } finally {
    history.database.close();
  }
}

/** A run that has ended by itself has told so itself. */
function wasTold(status: Status, { check }: Finding): boolean {
  const kind = status.kinds.find((found) => check === `${found.kind}-failed`)?.kind;
  return kind !== undefined && kindStatus(status, kind)?.last?.exitCode !== null;
}

function notice(event: "age" | "recovery", what: string, findings: readonly Finding[], settings: Settings): Notice {
  const lines = findings.flatMap(({ message, hint, level }) => [
    message,
    ...(hint === undefined || level === "ok" ? [] : [`  hint: ${hint}`]),
  ]);
  return {
    event,
    title: `ngwbackup: ${hostname()}: ${what}`,
    text: lines.join("\n"),
    fields: {
      ...blankFields,
      command: "status",
      state: event === "age" ? "due" : "done",
      exit_code: event === "age" ? 1 : 0,
      error: event === "age" ? what : "",
      host: hostname(),
      database: settings.database.database ?? "",
      version: toolVersion,
    },
  };
}
