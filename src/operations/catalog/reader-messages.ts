import { AppError } from "../../errors.ts";
import type { FactsOfPlace } from "../prune/remove-archive.ts";
import type { ArchiveView } from "../view/archive-view.ts";
import type { ArchiveChanges } from "../view/compare-views.ts";
import type { KnownArchive, LookedAt } from "./look-at-archive.ts";

/** What a thread that reads archives is given at its start: what it needs of the surroundings. */
export interface ReaderSurroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Those of `--config`. */
  configPaths: readonly string[];
  pid: number;
  isRoot: boolean;
}

/** What it is asked; archives by path or URL. */
export type ReaderQuestion =
  | { kind: "look"; archives: readonly LookedAt[] }
  | { kind: "view"; archive: string }
  | { kind: "compare"; archive: string; against: string }
  | { kind: "facts"; where: string };

/** What it answers to each kind of question. */
export interface ReaderAnswers {
  /** In the order of the question. */
  look: readonly Outcome<KnownArchive>[];
  view: ArchiveView;
  compare: ArchiveChanges;
  facts: FactsOfPlace;
}

/** An answer, or why there is none. */
export type Outcome<T> = { value: T } | { error: PackedAppError };

/** An expected failure on its way from a thread: classes do not survive the way. */
export interface PackedAppError {
  code: string;
  message: string;
  hints: readonly string[];
  details: readonly string[];
  exitCode: number;
}

/** Makes an expected failure ready for the way. @throws anything else */
export function packAppError(error: unknown): PackedAppError {
  if (!(error instanceof AppError)) throw error;
  const { code, message, hints, details, exitCode } = error;
  return { code, message, hints, details, exitCode };
}

/** The failure as it was thrown, but for its class and its cause. */
export function unpackAppError({ code, message, hints, details, exitCode }: PackedAppError): AppError {
  return new AppError(code, message, { hints, details }, exitCode);
}
