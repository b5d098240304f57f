import type { Damage } from "../../archive/damage.ts";
import { type AppError, DamagedError } from "../../errors.ts";
import { type PlannedStage, type Reporter, startStage } from "../../progress.ts";
import { type ArchiveContents, readContents } from "../contents/archive-contents.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { checkEntries, checkListed, entryChecks } from "./check-entries.ts";
import { checkRecords } from "./check-records.ts";
import { checkTables } from "./check-tables.ts";
import { expectVerify, workOfBytes } from "./expected-verify.ts";
import { ProblemList } from "./problem-list.ts";

/** What verify found out about an archive. */
export interface VerifyResult {
  /** Undefined when it is too damaged to be opened. */
  contents: ArchiveContents | undefined;
  /** Everything that is wrong, each a line: what, where, expected and found; empty for a sound archive. */
  problems: string[];
}

/** How an archive is verified. */
export interface VerifyOptions {
  /**
   * Undo every codec and count rows as well. Without it digests alone prove that entries are as they were written, for a
   * restore, which meets all the rest while it loads aside; entries without a digest are decoded all the same.
   */
  decode: boolean;
  /** Threads at once; one a core when left out. */
  threads?: number | undefined;
  /** The stages that the run comes to when the archive is sound, for the time left; none when left out. */
  afterwards?(contents: ArchiveContents): readonly PlannedStage[];
  signal: AbortSignal;
}

/**
 * Reads every byte of an archive and checks it against everything that says something about it: the ZIP structure, CRCs,
 * sizes, digests, frames, row counts, the manifest's own digest, and the references between index, table of contents and
 * records.
 * @param structure damages of the ZIP's structure, found beforehand
 * @throws AppError when the archive cannot be read at all (not: when it is damaged)
 */
export async function verifyArchive(
  reader: ArchiveReader,
  structure: readonly (Damage | string)[],
  reporter: Reporter,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const problems = new ProblemList();
  for (const damage of structure) problems.add(damage);
  let contents: ArchiveContents | undefined;
  try {
    contents = await readContents(reader);
  } catch (error) {
    problems.addError(reader.label, error);
    return { contents: undefined, problems: problems.all() };
  }
  const checks = await entryChecks(contents, problems, options.decode);
  reporter.report({ type: "plan", stages: [expectVerify(checks), ...(options.afterwards?.(contents) ?? [])] });
  const totalBytes = checks.reduce((sum, { entry }) => sum + entry.contentBytes, 0);
  const progress = startStage(reporter, "verify", totalBytes);
  const shareOf = workOfBytes(checks);
  let readBytes = 0;
  const onBytes = (count: number): void => {
    readBytes += count;
    reporter.report({ type: "work", stage: "verify", share: shareOf(readBytes) });
    progress.advance(count);
  };
  await checkEntries(contents, checks, problems, onBytes, options);
  checkTables(contents, problems);
  await checkRecords(contents, problems);
  return { contents, problems: problems.all() };
}

/** What the manifest or the table of contents names and the archive does not hold, or the other way round, without reading. */
export function missingEntries(contents: ArchiveContents): string[] {
  const problems = new ProblemList();
  checkListed(contents, problems);
  checkTables(contents, problems);
  return problems.all();
}

/**
 * The error for an archive that did not pass (exit 5), naming all that is wrong.
 * @param label path or URL of the archive
 */
export function notSound(label: string, problems: readonly string[]): AppError {
  const shown = problems.slice(0, 20);
  return new DamagedError("archive-damaged", `${label} is damaged: ${problems[0] ?? "unknown"}`, {
    details: shown.length > 1 ? shown : [],
    hints: [`ngwbackup verify ${label} lists all that is wrong`, "restore from another archive"],
  });
}
