import { availableParallelism } from "node:os";
import { loadSettings } from "../config/settings.ts";
import { ExitCode } from "../errors.ts";
import { type DrillReport, drill as runDrill } from "../operations/drill/drill.ts";
import { formatDuration, formatTime } from "../terminal/format.ts";
import { printable } from "../terminal/printable.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";
import type { DrillFlags } from "./drill.command.ts";

/** `drill [ARCHIVE|latest]`: a line a check, and how long a recovery takes. */
export default async function drill(this: CommandContext, flags: DrillFlags, archive = "latest"): Promise<void> {
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const jobs = flags.jobs ?? settings.ngwbackup.jobs ?? Math.max(2, Math.min(8, availableParallelism()));
  const report = await runDrill({ settings, archive, jobs, keys: decryptionChoice(this, flags) }, this, this.output);
  this.output.finish({ command: "drill", ...report, estimateMs: report.estimateMs ?? null }, describe(report));
  if (!report.isSound) this.setExitCode(ExitCode.damaged);
}

function describe(report: DrillReport): string {
  const { checks, recovery, recoveryMs, estimateMs, snapshotAt } = report;
  const lines = checks.flatMap(({ state, check, message, details }) => [
    `${state.padEnd(7)}  ${check.padEnd(13)}  ${printable(message)}`,
    ...details.map((detail) => `         ${printable(detail)}`),
  ]);
  const table = formatTable(
    [{ title: "STAGE" }, { title: "TIME", align: "right" }],
    [
      ...recovery.map(({ stage, durationMs }) => [stage, formatDuration(durationMs)]),
      ["recovery, all of it", formatDuration(recoveryMs)],
    ],
  );
  const moment = snapshotAt === undefined ? "" : `, of ${formatTime(new Date(snapshotAt))}`;
  return [
    ...lines,
    "",
    table,
    estimateMs === undefined
      ? "how long it would take on the instance's own server is not known: it cannot be asked now"
      : `on the instance's own server it would take about ${formatDuration(estimateMs)}`,
    "",
    "not checked:",
    ...report.notChecked.map((line) => `  ${printable(line)}`),
    "",
    `${report.isSound ? "sound" : "NOT SOUND"}: ${printable(report.archive)}${moment}`,
    "",
  ].join("\n");
}
