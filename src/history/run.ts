import type { RunOwner } from "../run-owner.ts";
import { ExitCode } from "../errors.ts";

/** What a run does: the command, but that `undo` and `rescue` are ways of `restore`. */
export const runKinds = [
  "backup",
  "restore",
  "undo",
  "rescue",
  "verify",
  "prune",
  "drill",
  "copy",
  "consolidate",
] as const;

/** One of {@link runKinds}. */
export type RunKind = (typeof runKinds)[number];

/**
 * How a run stands. `running`: not ended, and its process lives, or is of another host; `interrupted`: stopped by a signal, or
 * its process is gone without a word; the others are exit codes (docs/cli.md) by name.
 */
export type RunState = "running" | "done" | "losses" | "failed" | "refused" | "damaged" | "busy" | "interrupted";

/** The error that a run ended with, as `--json` prints it; holds no secret. */
export interface RunError {
  code: string;
  message: string;
  /** Lines. */
  hint: string | null;
}

/** One run in the history. Moments are milliseconds since 1970. */
export interface Run {
  id: number;
  kind: RunKind;
  state: RunState;
  startedAt: number;
  /** Null while it runs; of one that was killed, when that was found out. */
  endedAt: number | null;
  /** Null while it runs, and when it was killed. */
  exitCode: number | null;
  /** Path or URL of the archive (several: a line each); null when it is not known. */
  subject: string | null;
  /** Of the archive that was written. */
  sizeBytes: number | null;
  losses: number;
  error: RunError | null;
  /** What the command said at its end, as `--json` prints it. */
  summary: Readonly<Record<string, unknown>> | null;
  /** Room left where archives are when it ended. */
  freeBytes: number | null;
  /** Version of ngwbackup. */
  version: string;
  host: string;
  /** Who started it from the page; null for the command line and timers. */
  startedBy: string | null;
}

/** A stage of a run. */
export interface RunStage {
  name: string;
  startedAt: number;
  /** Null when the run ended without a word in it. */
  durationMs: number | null;
  bytes: number;
}

/** A line of a run's log. */
export interface LogLine {
  at: number;
  level: "message" | "warning" | "error";
  text: string;
}

/** Stages and log of a run, in order. */
export interface RunNews {
  stages: readonly RunStage[];
  lines: readonly LogLine[];
}

/** How far a run that runs is; null for what is not known. */
export interface RunProgress {
  /** Of the stage under way. */
  stage: string;
  doneBytes: number;
  totalBytes: number | null;
  bytesPerSecond: number | null;
  /** Of the whole run. */
  leftMs: number | null;
}

/** What is known of a run when it begins. */
export interface StartedRun extends Pick<Run, "kind" | "startedAt" | "subject" | "version" | "host" | "startedBy"> {
  owner: RunOwner;
}

/** What is known of it at its end. */
export interface EndedRun extends Pick<
  Run,
  "endedAt" | "exitCode" | "subject" | "sizeBytes" | "losses" | "error" | "summary" | "freeBytes"
> {
  state: RunState;
}

const statesByExitCode: Readonly<Record<number, RunState>> = {
  [ExitCode.done]: "done",
  [ExitCode.losses]: "losses",
  [ExitCode.refused]: "refused",
  [ExitCode.damaged]: "damaged",
  [ExitCode.busy]: "busy",
  [ExitCode.interrupted]: "interrupted",
  [ExitCode.terminated]: "interrupted",
};

/** How a run that ended with an exit code stands. */
export function stateOf(exitCode: number): RunState {
  return statesByExitCode[exitCode] ?? "failed";
}

/** Whether runs of a kind write an archive, of which the history knows path and size. */
export function writesArchive(kind: RunKind): boolean {
  return kind === "backup" || kind === "copy" || kind === "consolidate";
}

/** Whether a run has done what it was for: `done`, or `losses`. */
export function hasSucceeded(state: RunState): boolean {
  return state === "done" || state === "losses";
}
