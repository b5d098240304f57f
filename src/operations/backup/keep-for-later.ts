import { messageOf } from "../../errors.ts";
import { openArchiveBytes } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import type { BackupRequest } from "./backup.ts";
import { keepManifest } from "./base/kept-manifests.ts";
import { type BackupTarget, nameTarget } from "./target.ts";
import type { FinishedBackup } from "./write-backup.ts";

/**
 * Keeps what later backups need to know of an encrypted archive, which this machine may not be able to read again. The archive is
 * complete by then, so that a failure is only told.
 */
export async function keepForLater(
  { encryptFor, compression, settings }: BackupRequest,
  target: BackupTarget,
  finished: FinishedBackup,
  access: ArchiveAccess,
): Promise<void> {
  const statePath = settings.runs.state?.path;
  if (encryptFor === undefined || compression !== "zstd" || target.kind === "stdout" || statePath === undefined) return;
  const { context, reporter } = access;
  try {
    const archive = await openArchiveBytes(nameTarget(target), access);
    try {
      await keepManifest(statePath, archive, (writer) => finished.copyManifest(writer), {
        pid: context.pid,
        now: context.now(),
      });
    } finally {
      await archive.close();
    }
  } catch (error) {
    context.signal.throwIfAborted();
    reporter.report({
      type: "warning",
      code: "not-kept",
      message: `the archive is complete, but its manifest could not be kept in ${statePath} for --base: ${messageOf(error)}`,
    });
  }
}
