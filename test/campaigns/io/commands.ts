import type { ArchiveForm } from "../archives/forms.ts";
import type { IoWorld } from "./world.ts";
import { disturbBackup } from "./disturb-backup.ts";
import { disturbRestore, disturbUndo } from "./disturb-restore.ts";
import { disturbVerify } from "./disturb-verify.ts";
import type { DisturbedRun, Undertaking } from "./disturbed-run.ts";

/** A command whose calls are made to fail. */
export interface DisturbedCommand {
  name: string;
  /** Brings the world to where the command can be run, and tells how. */
  prepare(world: IoWorld): Promise<Undertaking>;
  /**
   * Holds the run to what it must have left, and brings the world back to where {@link prepare} can begin.
   * @returns what came out
   */
  settle(world: IoWorld, run: DisturbedRun): Promise<string>;
}

const all: readonly DisturbedCommand[] = [
  disturbRestore("side-by-side", true),
  disturbVerify("file"),
  disturbBackup("folder"),
  disturbRestore("in-place", false),
  disturbUndo("side-by-side"),
  disturbVerify("stdin"),
  disturbBackup("file"),
  disturbUndo("in-place"),
  disturbVerify("folder"),
  disturbRestore("side-by-side", false),
  disturbRestore("in-place", true),
];

/**
 * The commands that are disturbed, those with many calls more often.
 * @param form of the archives: backups and verify write and read plain ones only
 */
export function commandsFor(form: ArchiveForm): readonly DisturbedCommand[] {
  return form === "plain" ? all : all.filter(({ name }) => /^(restore|undo)/.test(name));
}
