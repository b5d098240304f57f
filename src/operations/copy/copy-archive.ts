import { createHash } from "node:crypto";
import { readManifest } from "../../archive/manifest.ts";
import { openZipArchive } from "../../archive/zip-reader.ts";
import type { ByteSink, ByteSource } from "../../bytes.ts";
import { isEncrypted } from "../../encryption/recognise.ts";
import { AppError, UsageError } from "../../errors.ts";
import { startStage } from "../../progress.ts";
import { findFolder, openArchiveBytes } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type CopyTarget, openCopyTarget } from "./copy-target.ts";
import { readForward, readStream } from "./read-forward.ts";

/** What is asked of a copy. */
export interface CopyRequest {
  /** A file, a store's URL, or `-` for stdin. */
  from: string;
  /** A folder, a file, a store's URL, or `-` for stdout. */
  to: string;
  overwrite: boolean;
  /** Read the copy back, and look whether it is an archive. */
  isVerified: boolean;
  /** Whether an encrypted one is decrypted for that look; else it is only compared. */
  isDecrypted: boolean;
}

/** What was copied. */
export interface CopyResult {
  /** Path or URL of the copy, `-` for stdout. */
  path: string;
  sizeBytes: number;
  /** Of all bytes, lower-case hex. */
  sha256: string;
  /** Whether the copy was read back. */
  verified: boolean;
}

/**
 * Copies an archive byte by byte from any place to any other, in bounded memory. Before the copy counts it is read back as a
 * whole and compared, and its end and manifest are looked at, unless it is encrypted and stays so. Nothing is left of one that fails.
 * @throws UsageError for an archive that is a folder; RefusedError archive-missing, target-exists, no-identity; DamagedError when what is
 * copied is no sound archive; AppError copy-differs
 */
export async function copyArchive(request: CopyRequest, access: ArchiveAccess): Promise<CopyResult> {
  const { from, isVerified, isDecrypted } = request;
  const folder = await findFolder(from, access);
  if (folder !== undefined)
    throw new UsageError("copy-folder", `${folder} is a folder, and only archives that are files are copied`, {
      hints: [`cp -a ${folder} TO`],
    });
  const source = from === "-" ? undefined : await openArchiveBytes(from, access);
  try {
    const sent = { sizeBytes: 0, sha256: "" };
    let bases: readonly string[] = [];
    const check = async (written: ByteSource): Promise<void> => {
      if (isVerified) bases = await checkCopy(written, sent, isDecrypted, access);
    };
    const target = await openCopyTarget({ ...request, check }, access);
    try {
      await sendAll(source, target.sink, sent, access);
      await warnOfMissing(bases, target, access);
      return { path: target.name, ...sent, verified: isVerified && target.name !== "-" };
    } finally {
      await target.close();
    }
  } finally {
    await source?.close();
  }
}

/**
 * Sends all of a source, or of stdin, into a sink, and finishes that; aborts it when anything fails.
 * @param sent filled on the way, its digest before the sink is finished
 */
async function sendAll(
  source: ByteSource | undefined,
  sink: ByteSink,
  sent: { sizeBytes: number; sha256: string },
  { context, reporter }: ArchiveAccess,
): Promise<void> {
  const hash = createHash("sha256");
  try {
    const progress = startStage(reporter, "copy", source?.sizeBytes);
    for await (const chunk of source === undefined ? readStream(context.stdin) : readForward(source)) {
      context.signal.throwIfAborted();
      hash.update(chunk);
      sent.sizeBytes += chunk.length;
      await sink.write(chunk);
      progress.advance(chunk.length);
    }
    context.signal.throwIfAborted();
    sent.sha256 = hash.digest("hex");
    await sink.finish();
  } catch (error) {
    // What fails while giving up must not hide why.
    await sink.abort().catch(() => undefined);
    context.signal.throwIfAborted();
    throw error;
  }
}

/** The copy is complete without them, and of no use. */
async function warnOfMissing(bases: readonly string[], target: CopyTarget, { reporter }: ArchiveAccess): Promise<void> {
  for (const base of bases)
    if (!(await target.isBeside(base)))
      reporter.report({
        type: "warning",
        code: "base-apart",
        message: `the copy refers to ${base}, which is not beside it: copy that, too`,
      });
}

/** @returns file names of the archives that it refers to, as far as it could be looked at */
async function checkCopy(
  written: ByteSource,
  expected: { sizeBytes: number; sha256: string },
  isDecrypted: boolean,
  { context, reporter, decryption }: ArchiveAccess,
): Promise<readonly string[]> {
  const differs = (what: string, wanted: string | number, found: string | number): AppError =>
    new AppError(
      "copy-differs",
      `${written.label} does not read back as it was copied: expected ${what} ${wanted}, found ${found}`,
    );
  if (written.sizeBytes !== expected.sizeBytes) throw differs("size", expected.sizeBytes, written.sizeBytes);
  const progress = startStage(reporter, "read back", written.sizeBytes);
  const hash = createHash("sha256");
  for await (const chunk of readForward(written)) {
    context.signal.throwIfAborted();
    hash.update(chunk);
    progress.advance(chunk.length);
  }
  const found = hash.digest("hex");
  if (found !== expected.sha256) throw differs("sha256", expected.sha256, found);
  if (!isDecrypted && (await isEncrypted(written))) return [];
  // The store closes the source.
  const manifest = await readManifest(await openZipArchive((await decryption.open(written)).source));
  return (manifest?.header.base ?? []).map(({ fileName }) => fileName);
}
