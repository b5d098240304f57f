import type { EndedRun, RunKind, RunState } from "../../history/run.ts";

/** A run as hooks and notifications are told of it: moments RFC 3339, spans in milliseconds, sizes in bytes. */
export interface RunFacts {
  command: RunKind;
  /** Number in the history; null when it is not recorded. */
  runId: number | null;
  /** Path or URL, several a line each; null when it is not known. */
  archive: string | null;
  host: string;
  /** Name of the instance's database; null where the configuration is silent. */
  database: string | null;
  version: string;
  startedAt: string;
  /** The rest is of a run that has ended. */
  endedAt?: string;
  durationMs?: number;
  state?: RunState;
  exitCode?: number | null;
  sizeBytes?: number | null;
  losses?: number;
  error?: EndedRun["error"];
  /** What the command says at its end with `--json`. */
  summary?: EndedRun["summary"];
}

/** The facts of a run at its end. */
export function endedFacts(begun: RunFacts, ended: EndedRun): RunFacts {
  const { state, exitCode, subject, sizeBytes, losses, error, summary } = ended;
  const endedAt = ended.endedAt ?? Date.parse(begun.startedAt);
  return {
    ...begun,
    archive: subject,
    endedAt: new Date(endedAt).toISOString(),
    durationMs: endedAt - Date.parse(begun.startedAt),
    state,
    exitCode,
    sizeBytes,
    losses,
    error,
    summary,
  };
}

/** Linux takes no variable of 128 KiB or more; characters may have four bytes. */
const longestValue = 16 * 1024;

/** The facts as environment variables `NGWBACKUP_...`; what is not known is empty, what is long has its beginning. */
export function environmentOf(facts: RunFacts): Record<string, string> {
  const { command, runId, archive, host, database, startedAt, endedAt, durationMs, state, exitCode } = facts;
  const values = {
    COMMAND: command,
    RUN_ID: runId,
    ARCHIVE: archive,
    HOST: host,
    DATABASE: database,
    STARTED_AT: startedAt,
    ENDED_AT: endedAt,
    DURATION_SECONDS: durationMs === undefined ? undefined : durationMs / 1000,
    STATE: state,
    EXIT_CODE: exitCode,
    SIZE_BYTES: facts.sizeBytes,
    LOSSES: facts.losses,
    ERROR_CODE: facts.error?.code,
    ERROR: facts.error?.message,
  };
  return Object.fromEntries(
    // A NUL cannot stand in an environment.
    Object.entries(values).map(([name, value]) => [
      `NGWBACKUP_${name}`,
      String(value ?? "")
        .replaceAll("\0", "")
        .slice(0, longestValue),
    ]),
  );
}
