import { hasSucceeded } from "../../history/run.ts";
import { toolVersion } from "../../version.ts";
import { type KindStatus, type Status, recoveryMsOf } from "./read-status.ts";

interface Sample {
  labels?: Readonly<Record<string, string>>;
  value: number | null | undefined;
}

/**
 * The status in Prometheus' text format 0.0.4, all gauges; docs/monitoring.md names them.
 * @param due whether something is
 */
export function metricsText(status: Status, due: boolean): string {
  const { at, maxAgeMs, lastBackup, kinds, room, nextRuns } = status;
  const ofKinds = (value: (kind: KindStatus) => number | null | undefined): Sample[] =>
    kinds.map((kind) => ({ labels: { kind: kind.kind }, value: value(kind) }));
  return [
    gauge("build_info", "Version of ngwbackup that wrote this", [{ labels: { version: toolVersion }, value: 1 }]),
    gauge("status_timestamp_seconds", "When this was written", [{ value: at / 1000 }]),
    gauge("due", "1 when something is due, as status says", [{ value: due ? 1 : 0 }]),
    gauge("max_age_seconds", "Age from which on a backup is overdue", [{ value: maxAgeMs / 1000 }]),
    gauge("last_backup_timestamp_seconds", "When the last complete backup began", [{ value: seconds(lastBackup?.at) }]),
    gauge("last_backup_size_bytes", "Size of its archive", [{ value: lastBackup?.sizeBytes }]),
    gauge("last_backup_losses", "Losses in it", [{ value: lastBackup?.losses }]),
    gauge(
      "last_success_timestamp_seconds",
      "When the last run that did what it was for began",
      ofKinds(({ lastSuccess }) => seconds(lastSuccess?.startedAt)),
    ),
    gauge(
      "last_run_timestamp_seconds",
      "When the last run ended, whatever came of it",
      ofKinds(({ last }) => seconds(last?.endedAt)),
    ),
    gauge(
      "last_run_success",
      "1 when it did what it was for",
      ofKinds(({ last }) => (last === undefined ? undefined : hasSucceeded(last.state) ? 1 : 0)),
    ),
    gauge(
      "last_run_exit_code",
      "Its exit code; none when it was killed",
      ofKinds(({ last }) => last?.exitCode),
    ),
    gauge(
      "last_run_duration_seconds",
      "How long it took",
      ofKinds(({ last }) => durationSeconds(last)),
    ),
    gauge(
      "running",
      "1 while one runs",
      ofKinds(({ isRunning }) => (isRunning ? 1 : 0)),
    ),
    gauge("stage_duration_seconds", "Stages of the last run that did what it was for", kinds.flatMap(stageSamples)),
    gauge("last_drill_recovery_seconds", "How long the recovery of the last sound drill took", [
      { value: seconds(drillRecoveryMs(kinds)) },
    ]),
    gauge("room_free_bytes", "Room left where archives are", [{ value: room?.freeBytes }]),
    gauge("room_size_bytes", "Size of the file system there", [{ value: room?.totalBytes }]),
    gauge("room_full_timestamp_seconds", "When it is full at the growth of the last 30 days", [
      { value: seconds(room?.growth?.fullAt) },
    ]),
    gauge(
      "next_run_timestamp_seconds",
      "When a timer runs next",
      (nextRuns ?? []).map(({ kind, at: next }) => ({ labels: { kind }, value: next / 1000 })),
    ),
  ].join("");
}

function drillRecoveryMs(kinds: readonly KindStatus[]): number | undefined {
  const last = kinds.find(({ kind }) => kind === "drill")?.lastSuccess;
  return last === undefined ? undefined : recoveryMsOf(last);
}

/** A stage that came twice counts as one. */
function stageSamples({ kind, stages }: KindStatus): Sample[] {
  const sums = new Map<string, number>();
  for (const { name, durationMs } of stages) sums.set(name, (sums.get(name) ?? 0) + (durationMs ?? 0));
  return [...sums].map(([stage, durationMs]) => ({ labels: { kind, stage }, value: durationMs / 1000 }));
}

/** A metric without a sample is left out: absent() tells it. */
function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.flatMap(({ labels = {}, value }) => {
    if (value === undefined || value === null) return [];
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    return [`ngwbackup_${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`];
  });
  if (lines.length === 0) return "";
  return `# HELP ngwbackup_${name} ${help}\n# TYPE ngwbackup_${name} gauge\n${lines.join("")}`;
}

/** Nobody knows when one that was killed ended. */
function durationSeconds(last: KindStatus["last"]): number | undefined {
  if (last === undefined || last.exitCode === null || last.endedAt === null) return undefined;
  return (last.endedAt - last.startedAt) / 1000;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function seconds(atMs: number | null | undefined): number | undefined {
  return atMs === null || atMs === undefined ? undefined : atMs / 1000;
}
