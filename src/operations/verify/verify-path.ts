import { AppError, DamagedError, ExitCode } from "../../errors.ts";
import { openArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { structureDamages } from "./structure.ts";
import { verifyArchive } from "./verify.ts";

/** What verify says about one archive. */
export interface VerifiedPath {
  /** Lines, without the archive's name; empty for a sound one. */
  problems: string[];
  exitCode: number;
}

/**
 * Verifies one archive by its name; an archive that cannot be opened is a problem of that archive, not an end.
 * @param archive a file, a folder, a store's URL, or `-`
 * @param threads see `VerifyOptions`
 */
export async function verifyPath(
  archive: string,
  threads: number | undefined,
  access: ArchiveAccess,
): Promise<VerifiedPath> {
  const { context, reporter } = access;
  try {
    const opened = await openArchive(archive, access);
    try {
      const structure = opened.source === undefined ? [] : await structureDamages(opened.source);
      const { problems } = await verifyArchive(opened.reader, structure, reporter, {
        decode: true,
        threads,
        signal: context.signal,
      });
      return { problems, exitCode: problems.length === 0 ? ExitCode.done : ExitCode.damaged };
    } finally {
      await opened.reader.close();
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    const label = `${archive}: `;
    const message = error.message.startsWith(label) ? error.message.slice(label.length) : error.message;
    return { problems: [message], exitCode: error instanceof DamagedError ? ExitCode.damaged : error.exitCode };
  }
}
