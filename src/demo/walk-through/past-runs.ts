import { hostname } from "node:os";
import { openHistory } from "../../history/history.ts";
import { type EndedRun, type RunKind, stateOf } from "../../history/run.ts";
import { endRun, startRun } from "../../history/write-run.ts";
import { toolVersion } from "../../version.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** So many days are made up. */
const days = 30;

/** About what a backup of the demo's instance takes. */
const backupMs = 4000;

/** What the made-up runs lead up to. */
export interface PastRuns {
  /** State folder of the instance, which exists. */
  stateFolder: string;
  isRoot: boolean;
  now: Date;
  /** Folder of the archives, which are taken to have gone by retention since. */
  archiveFolder: string;
  /** About what an archive will take, which earlier ones have grown to. */
  sizeBytes: number;
  freeBytes: number;
}

/**
 * Puts a month of made-up runs into a new history, so that there is something to see: a backup a night, one of which failed,
 * a verify a week, a drill a month. Nothing of what they name is there.
 * @throws AppError history when it cannot be written
 */
export async function recordPastRuns(past: PastRuns): Promise<void> {
  const history = await openHistory({ path: past.stateFolder, isNamed: true }, past.isRoot);
  if (history === undefined) return;
  try {
    for (let day = days; day > 0; day -= 1)
      for (const run of runsOfDay(past, day)) {
        const { kind, startedAt, subject } = run;
        const owner = { pid: 1, bootId: "", startTicks: "" };
        const begun = { kind, startedAt, subject, version: toolVersion, host: hostname(), owner, startedBy: null };
        endRun(history, startRun(history, begun, 0), run, { stages: [], lines: [] });
      }
  } finally {
    history.database.close();
  }
}

type PastRun = EndedRun & { kind: RunKind; startedAt: number };

/** @param day how long ago */
function runsOfDay(past: PastRuns, day: number): PastRun[] {
  // At night, and a little later each time.
  const night = Math.floor((past.now.getTime() - day * dayMs) / dayMs) * dayMs + 2 * 60 * 60 * 1000;
  const grown = 1 - day / 100 + Math.sin(day) / 200;
  const archive = `${past.archiveFolder}/${fileName(new Date(night))}`;
  const common = {
    subject: archive,
    sizeBytes: null,
    losses: 0,
    error: null,
    summary: null,
    freeBytes: Math.round(past.freeBytes + day * past.sizeBytes),
  };
  const run = (kind: RunKind, startedAt: number, durationMs: number, more: Partial<EndedRun> = {}): PastRun => {
    const exitCode = more.exitCode ?? 0;
    return {
      ...common,
      kind,
      startedAt,
      endedAt: Math.round(startedAt + durationMs),
      exitCode,
      state: stateOf(exitCode),
      ...more,
    };
  };
  if (day === 11) {
    const error = {
      code: "no-space",
      message: `${past.archiveFolder}: no space left on device, after 12.3 MiB of the archive`,
      hint: "remove archives that are not needed, or give it more room",
    };
    return [run("backup", night, backupMs / 3, { exitCode: 1, error, freeBytes: 0 })];
  }
  const durationMs = backupMs * grown * (1 + Math.cos(day * 2) / 15);
  const backup = run("backup", night, durationMs, { sizeBytes: Math.round(past.sizeBytes * grown) });
  const verify = run("verify", night + 60 * 60 * 1000, durationMs / 2);
  const drill = run("drill", night + 2 * 60 * 60 * 1000, durationMs * 4, {
    summary: { command: "drill", recoveryMs: Math.round(durationMs * 3) },
  });
  return [backup, ...(day % 7 === 2 ? [verify] : []), ...(day === 23 ? [drill] : [])];
}

/** As `backup.filename` is by itself. */
function fileName(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}.ngwbackup`;
}
