import { resolve } from "node:path";
import { loadSettings } from "../config/settings.ts";
import { ExitCode } from "../errors.ts";
import { metricsText } from "../operations/status/metrics-text.ts";
import { notifyStatus } from "../operations/status/notify-status.ts";
import { type Status, readStatus } from "../operations/status/read-status.ts";
import { statusFindings } from "../operations/status/status-findings.ts";
import { writeMetrics } from "../operations/status/write-metrics.ts";
import type { CommandContext } from "./command.ts";
import { formatFindings } from "./findings-text.ts";
import { runRecord } from "./run-records.ts";
import type { StatusFlags } from "./status.command.ts";

/** `status`: how backups stand, a line a matter. */
export default async function status(this: CommandContext, flags: StatusFlags): Promise<void> {
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const found = await readStatus(settings, this);
  const findings = statusFindings(found);
  const due = findings.some(({ level }) => level === "fail");
  const metricsPath = flags.prometheus === undefined ? settings.runs.metricsPath : resolve(this.cwd, flags.prometheus);
  if (metricsPath !== undefined) await writeMetrics(metricsPath, metricsText(found, due), this.pid);
  if (flags.notify) await notifyStatus(found, findings, settings, this, this.output);
  this.output.finish({ command: "status", due, ...statusRecord(found), findings }, formatFindings(findings));
  if (due) this.setExitCode(ExitCode.failed);
}

function statusRecord({ at, maxAgeMs, lastBackup, kinds, room, nextRuns }: Status): Record<string, unknown> {
  return {
    maxAgeMs,
    lastBackup:
      lastBackup === undefined
        ? null
        : { ...lastBackup, at: new Date(lastBackup.at).toISOString(), ageMs: at - lastBackup.at },
    runs: Object.fromEntries(
      kinds.map(({ kind, last, lastSuccess, isRunning }) => [
        kind,
        {
          isRunning,
          last: last === undefined ? null : runRecord(last),
          lastSuccess: lastSuccess === undefined ? null : runRecord(lastSuccess),
        },
      ]),
    ),
    room:
      room === undefined
        ? null
        : {
            path: room.path,
            freeBytes: room.freeBytes,
            totalBytes: room.totalBytes,
            growthBytesPerDay: room.growth === undefined ? null : Math.round(room.growth.bytesPerDay),
            fullAt: room.growth?.fullAt === undefined ? null : new Date(room.growth.fullAt).toISOString(),
          },
    nextRuns: nextRuns?.map(({ kind, at: next }) => ({ kind, at: new Date(next).toISOString() })) ?? null,
  };
}
