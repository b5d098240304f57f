import { stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { freeSpaceAt } from "../../files/free-space.ts";
import { type Run, type RunKind, type RunStage, hasSucceeded, runKinds } from "../../history/run.ts";
import { listArchives } from "../list/list-archives.ts";
import { type LookBack, lookBack } from "../runs/look-back.ts";
import { accessWith } from "../stores/archive-access.ts";
import { silentReporter } from "../../progress.ts";
import { type Growth, type RoomSample, growthOf } from "./growth.ts";
import { type NextRun, readNextRuns } from "./next-runs.ts";

/** The last archive that is complete. */
export interface LastBackup {
  /** When its run began, which its contents are not older than; milliseconds since 1970. */
  at: number;
  /** Path or URL. */
  path: string;
  sizeBytes: number | null;
  losses: number;
  /** It was written to a path of this machine, and is not there any more. */
  isGone: boolean;
}

/** What is known of one kind of run. */
export interface KindStatus {
  kind: RunKind;
  /** The last one that has ended. */
  last: Run | undefined;
  /** The last one that has done what it was for, and its stages. */
  lastSuccess: Run | undefined;
  stages: readonly RunStage[];
  isRunning: boolean;
}

/** Room at the place for archives. */
export interface RoomStatus {
  path: string;
  freeBytes: number;
  totalBytes: number;
  growth: Growth | undefined;
}

/** How backups stand. */
export interface Status {
  at: number;
  maxAgeMs: number;
  lastBackup: LastBackup | undefined;
  /** Kinds that were ever run. */
  kinds: readonly KindStatus[];
  /** Undefined when the place is no folder of this machine, or the system cannot tell. */
  room: RoomStatus | undefined;
  /** Undefined when nothing tells. */
  nextRuns: readonly NextRun[] | undefined;
}

const trendMs = 30 * 24 * 60 * 60 * 1000;
const mostSamples = 1000;
const ended = ["done", "losses", "failed", "refused", "damaged", "busy", "interrupted"] as const;

/**
 * Works out how backups stand, by the history, the place of archives and systemd; the database is not asked.
 * @throws UsageError when there is no place for a history, AppError when it cannot be read
 */
export async function readStatus(settings: Settings, context: Context): Promise<Status> {
  const at = context.now().getTime();
  const { kinds, samples } = (await lookBack(settings.runs, context.now(), (look) =>
    Promise.resolve(readHistory(look, at)),
  )) ?? { kinds: [], samples: [] };
  const backup = kinds.find(({ kind }) => kind === "backup")?.lastSuccess;
  return {
    at,
    maxAgeMs: settings.runs.maxAgeMs,
    lastBackup: backup === undefined ? await newestArchive(settings, context) : await lastBackupOf(backup),
    kinds,
    room: await roomAt(settings.backup.path, samples, at),
    nextRuns: await readNextRuns(settings.runs.schedule.unitName, context),
  };
}

function readHistory(look: LookBack, at: number): { kinds: KindStatus[]; samples: RoomSample[] } {
  const kinds = runKinds.flatMap((kind): KindStatus[] => {
    const [newest] = look.runs({ kind, limit: 1 });
    if (newest === undefined) return [];
    const lastSuccess = look.runs({ kind, states: ["done", "losses"], limit: 1 })[0];
    return [
      {
        kind,
        last: look.runs({ kind, limit: 10 }).find(({ state }) => state !== "running"),
        lastSuccess,
        stages: lastSuccess === undefined ? [] : look.stages(lastSuccess),
        isRunning: newest.state === "running",
      },
    ];
  });
  const samples = look
    .runs({ states: ended, limit: mostSamples })
    .flatMap(({ endedAt, freeBytes }) =>
      endedAt === null || freeBytes === null || at - endedAt > trendMs ? [] : [{ at: endedAt, freeBytes }],
    );
  return { kinds, samples };
}

async function lastBackupOf({ startedAt, subject, sizeBytes, losses }: Run): Promise<LastBackup> {
  const path = subject ?? "?";
  const isGone =
    isAbsolute(path) &&
    (await stat(path).then(
      () => false,
      (error: unknown) => (error as NodeJS.ErrnoException).code === "ENOENT",
    ));
  return { at: startedAt, path, sizeBytes, losses, isGone };
}

/** What was written before there was a history, or by another machine. */
async function newestArchive(settings: Settings, context: Context): Promise<LastBackup | undefined> {
  const { place } = settings.backup;
  if (place === undefined) return undefined;
  const archives = await listArchives(place, accessWith(settings, context, silentReporter)).catch(() => {
    context.signal.throwIfAborted();
    return [];
  });
  const newest = archives.find(({ state }) => !state.startsWith("damaged"));
  if (newest === undefined) return undefined;
  const { time, path, sizeBytes } = newest;
  return { at: time.getTime(), path, sizeBytes, losses: 0, isGone: false };
}

async function roomAt(
  path: string | undefined,
  samples: readonly RoomSample[],
  at: number,
): Promise<RoomStatus | undefined> {
  const space = path === undefined ? undefined : await freeSpaceAt(path);
  if (path === undefined || space === undefined) return undefined;
  const { freeBytes, totalBytes } = space;
  return { path, freeBytes, totalBytes, growth: growthOf(samples, { at, freeBytes }) };
}

/** What is known of a kind of run; undefined when it was never run. */
export function kindStatus({ kinds }: Status, kind: RunKind): KindStatus | undefined {
  return kinds.find((status) => status.kind === kind);
}

/** How long the recovery of a drill took, in milliseconds. */
export function recoveryMsOf({ summary }: Run): number | undefined {
  const recoveryMs = summary?.["recoveryMs"];
  return typeof recoveryMs === "number" ? recoveryMs : undefined;
}

/** Whether the last run of a kind has not done what it was for. */
export function lastFailed(status: KindStatus | undefined): boolean {
  return status?.last !== undefined && !hasSucceeded(status.last.state);
}
