import { AppError, DamagedError, ExitCode } from "../../errors.ts";
import { openArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type Signer, signatureProblems } from "./check-signature.ts";
import { structureDamages } from "./structure.ts";
import { verifyArchive } from "./verify.ts";

/** What verify says about one archive. */
export interface VerifiedPath {
  /** Lines, without the archive's name; empty for a sound one. */
  problems: string[];
  exitCode: number;
}

/** How archives are verified. */
export interface VerifyPathOptions {
  /** See `VerifyOptions`. */
  threads: number | undefined;
  /** Whose signature the manifest must have; undefined: it does not matter. */
  signer: Signer | undefined;
}

/**
 * Verifies one archive by its name; an archive that cannot be opened is a problem of that archive, not an end.
 * @param archive a file, a folder, a store's URL, or `-`
 */
export async function verifyPath(
  archive: string,
  { threads, signer }: VerifyPathOptions,
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
      if (signer !== undefined) problems.push(...(await signatureProblems(opened.reader, signer)));
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
