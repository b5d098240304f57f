import type { ArchiveForm } from "../archives/forms.ts";
import type { IoWorld } from "./world.ts";
import { disturbBackup } from "./disturb-backup.ts";
import { disturbRestore, disturbUndo } from "./disturb-restore.ts";
import { disturbVerify } from "./disturb-verify.ts";
import type { DisturbedRun, Undertaking } from "./disturbed-run.ts";

/** A command whose calls are made to fail. */
export interface DisturbedCommand {
  name: string;
  /** Commands of one family do the same with another option: a call that several of them make is one that they share. */
  family: string;
  /** Brings the world to where the command can be run, and tells how. */
  prepare(world: IoWorld): Promise<Undertaking>;
  /**
   * Holds the run to what it must have left, and brings the world back to where {@link prepare} can begin.
   * @returns what came out
   */
  settle(world: IoWorld, run: DisturbedRun): Promise<string>;
}

/**
 * The commands that are disturbed, for one world.
 * @param form of the archives: backups and verify write and read plain ones only
 */
export function commandsFor(form: ArchiveForm): readonly DisturbedCommand[] {
  const onEveryForm = [
    disturbRestore("side-by-side", true),
    disturbRestore("in-place", false),
    disturbUndo("side-by-side"),
    disturbUndo("in-place"),
    disturbRestore("side-by-side", false),
    disturbRestore("in-place", true),
  ];
  if (form !== "plain") return onEveryForm;
  return [
    ...onEveryForm,
    disturbVerify("file"),
    disturbVerify("stdin"),
    disturbVerify("folder"),
    disturbBackup("file"),
    disturbBackup("folder"),
  ];
}
