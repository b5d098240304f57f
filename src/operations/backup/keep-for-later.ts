import { messageOf } from "../../errors.ts";
import { openArchiveBytes } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import type { BackupRequest } from "./backup-request.ts";
import { makeKeptFolder } from "./base/kept-folder.ts";
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
  if (encryptFor === undefined || compression !== "zstd" || target.kind === "stdout") return;
  const { context, reporter } = access;
  try {
    const folder = await makeKeptFolder(settings, "manifests", context.isRoot);
    if (folder === undefined) return;
    const archive = await openArchiveBytes(nameTarget(target), access);
    try {
      await keepManifest(folder, archive, (writer) => finished.copyManifest(writer), {
        pid: context.pid,
        now: context.now(),
        isRoot: context.isRoot,
      });
    } finally {
      await archive.close();
    }
  } catch (error) {
    context.signal.throwIfAborted();
    reporter.report({
      type: "warning",
      code: "not-kept",
      message: `the archive is complete, but its manifest could not be kept for --base: ${messageOf(error)}`,
    });
  }
}
