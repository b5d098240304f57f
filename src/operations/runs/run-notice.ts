import type { EndedRun } from "../../history/run.ts";
import type { Notice } from "../../notifications/notice.ts";
import type { NoticeEvent } from "../../notifications/settings.ts";
import { formatBytes, formatCount, formatDuration, formatTime } from "../../terminal/format.ts";
import type { RunFacts } from "./run-facts.ts";

/** A notice about a run that has ended. */
export function runNotice(event: NoticeEvent, facts: RunFacts, ended: EndedRun): Notice {
  const { command, archive, host, durationMs = 0, startedAt, runId } = facts;
  const { state, losses, sizeBytes, error } = ended;
  const what = {
    failure: `${command} of ${host} ended as ${state}`,
    loss: `${command} of ${host} has ${formatCount(losses)} ${losses === 1 ? "loss" : "losses"}`,
    recovery: `${command} of ${host} is well again`,
    success: `${command} of ${host} is done`,
    age: `${command} of ${host} is overdue`,
  }[event];
  const lines = [
    `${command}, begun ${formatTime(new Date(startedAt))}, took ${formatDuration(durationMs)}: ${state}`,
    ...(archive === null ? [] : [`archive: ${archive.replaceAll("\n", ", ")}`]),
    ...(sizeBytes === null ? [] : [`size: ${formatBytes(sizeBytes)}`]),
    ...(error === null ? [] : [`error: ${error.message}`]),
    ...(error?.hint ?? "").split("\n").flatMap((hint) => (hint === "" ? [] : [`hint: ${hint}`])),
    ...(runId === null ? [] : [`more: ngwbackup history ${runId}`]),
  ];
  return {
    event,
    title: `ngwbackup: ${what}`,
    text: lines.join("\n"),
    fields: {
      command,
      state,
      exit_code: ended.exitCode ?? 1,
      archive: archive ?? "",
      size_bytes: sizeBytes ?? 0,
      losses,
      duration_seconds: durationMs / 1000,
      error: error?.message ?? "",
      host,
      database: facts.database ?? "",
      run_id: runId ?? 0,
      started_at: startedAt,
      version: facts.version,
    },
  };
}
