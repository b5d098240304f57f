import { loadSettings } from "../config/settings.ts";
import { UsageError } from "../errors.ts";
import type { Run, RunNews } from "../history/run.ts";
import { lookBack } from "../operations/runs/look-back.ts";
import { formatBytes, formatCount, formatDuration, formatTime } from "../terminal/format.ts";
import { printable } from "../terminal/printable.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext } from "./command.ts";
import type { HistoryFlags } from "./history.command.ts";
import { runRecord, stageRecord } from "./run-records.ts";

/** `history [ID]`: runs, newest first, or one of them with its stages and log. */
export default async function history(this: CommandContext, flags: HistoryFlags, id?: number): Promise<void> {
  const { runs: settings } = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  if (id !== undefined) return await showOne.call(this, settings, id);
  const runs =
    (await lookBack(settings, this.now(), (look) =>
      Promise.resolve(look.runs({ kind: flags.kind, limit: flags.last })),
    )) ?? [];
  if (runs.length === 0) this.output.note("nothing was recorded yet\n");
  this.output.finish(
    { command: "history", runs: runs.map(runRecord) },
    runs.length === 0 ? undefined : runsTable(runs, this.now()),
  );
}

async function showOne(this: CommandContext, settings: Parameters<typeof lookBack>[0], id: number): Promise<void> {
  const found = await lookBack(settings, this.now(), async (look) => {
    const run = look.run(id);
    return run === undefined ? undefined : { run, news: await look.news(run) };
  });
  if (found === undefined)
    throw new UsageError("no-run", `there is no run ${id} in the history`, { hints: [`${this.calledAs} history`] });
  const { run, news } = found;
  this.output.finish(
    {
      command: "history",
      run: runRecord(run),
      stages: news.stages.map(stageRecord),
      log: news.lines.map(({ at, ...line }) => ({ at: new Date(at).toISOString(), ...line })),
    },
    runText(run, news, this.now()),
  );
}

function runsTable(runs: readonly Run[], now: Date): string {
  return formatTable(
    [
      { title: "ID", align: "right" },
      { title: "STARTED" },
      { title: "KIND" },
      { title: "STATE" },
      { title: "TIME", align: "right" },
      { title: "SIZE", align: "right" },
      { title: "LOSSES", align: "right" },
      { title: "ARCHIVE" },
    ],
    runs.map((run) => [
      String(run.id),
      formatTime(new Date(run.startedAt)),
      run.kind,
      run.state,
      duration(run, now),
      run.sizeBytes === null ? "-" : formatBytes(run.sizeBytes),
      run.losses === 0 ? "-" : formatCount(run.losses),
      shortSubject(run.subject),
    ]),
  );
}

function runText(run: Run, { stages, lines }: RunNews, now: Date): string {
  const facts: [string, string][] = [
    ["run", `${run.id}, ${run.kind}`],
    ["state", run.exitCode === null ? run.state : `${run.state} (exit ${run.exitCode})`],
    ["started", `${formatTime(new Date(run.startedAt))} on ${run.host} by ngwbackup ${run.version}`],
    ...(run.startedBy === null ? [] : [["by", `${run.startedBy}, from the page`] as [string, string]]),
    ["took", duration(run, now)],
    ...(run.subject ?? "").split("\n").flatMap((line): [string, string][] => (line === "" ? [] : [["archive", line]])),
    ...(run.sizeBytes === null ? [] : [["size", formatBytes(run.sizeBytes)] as [string, string]]),
    ...(run.losses === 0 ? [] : [["losses", formatCount(run.losses)] as [string, string]]),
    ...(run.error === null ? [] : [["error", run.error.message] as [string, string]]),
    ...(run.error?.hint ?? "").split("\n").flatMap((hint): [string, string][] => (hint === "" ? [] : [["hint", hint]])),
  ];
  const parts = [facts.map(([name, value]) => `${name.padEnd(8)} ${printable(value)}\n`).join("")];
  if (stages.length > 0)
    parts.push(
      formatTable(
        [{ title: "STAGE" }, { title: "TIME", align: "right" }, { title: "BYTES", align: "right" }],
        stages.map(({ name, durationMs, bytes }) => [
          name,
          durationMs === null ? "not ended" : formatDuration(durationMs),
          bytes === 0 ? "-" : formatBytes(bytes),
        ]),
      ),
    );
  if (lines.length > 0)
    parts.push(
      lines
        .map(({ at, level, text }) => {
          const mark = level === "message" ? "" : `${level}: `;
          return `${formatTime(new Date(at))}  ${mark}${printable(text)}\n`;
        })
        .join(""),
    );
  return parts.join("\n");
}

function duration(run: Run, now: Date): string {
  if (run.state === "interrupted" && run.exitCode === null) return "-";
  return formatDuration(Math.max(0, (run.endedAt ?? now.getTime()) - run.startedAt));
}

function shortSubject(subject: string | null): string {
  if (subject === null) return "-";
  const [first = "", ...rest] = subject.split("\n");
  return rest.length === 0 ? first : `${first} and ${formatCount(rest.length)} more`;
}
