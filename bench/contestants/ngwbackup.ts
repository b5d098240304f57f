import { link } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import type { Contestant, Place, Program, Step } from "./contestant.ts";

/** Name of the archive that others refer to; it does not count as theirs. */
export const baseName = "before.ngwbackup";

const launcherPath = join(import.meta.dirname, "..", "..", "bin", "ngwbackup");

/** Ours; restores side by side. */
export const ngwbackup: Contestant = {
  name: "ngwbackup",
  about: "ngwbackup backup, restore --side-by-side, verify",
  missing: async () => undefined,
  // Without --one-shot it would write into the source, which others find as it was made.
  backup: async (place) => ngwbackupStep(place, ["backup", "--one-shot", archivePath(place)]),
  restore: async (place) => ngwbackupStep(place, ["restore", "--side-by-side", "--yes", archivePath(place)]),
  verify: async (place) => ngwbackupStep(place, ["verify", archivePath(place)]),
};

/** Ours, restoring into the schemas of the same database. */
export const ngwbackupInPlace: Contestant = {
  ...ngwbackup,
  name: "ngwbackup in place",
  about: "ngwbackup restore --in-place, of the same archive",
  restore: async (place) => ngwbackupStep(place, ["restore", "--in-place", "--yes", archivePath(place)]),
};

/** Ours, referring to an archive that was made before the instance changed. */
export const ngwbackupAgain: Contestant = {
  ...ngwbackup,
  name: "ngwbackup --base",
  about: "ngwbackup backup --base, restore --side-by-side, verify",
  async backup(place) {
    await linkBase(place);
    return ngwbackupStep(place, ["backup", "--one-shot", "--base", basePath(place), archivePath(place)]);
  },
};

/** Beside our archive, where its readers look for it. */
function basePath({ folder }: Pick<Place, "folder">): string {
  return join(folder, baseName);
}

async function linkBase({ before, folder }: Place): Promise<void> {
  if (before === undefined) throw new AppError("bench-base", "this workload has no earlier archive");
  await link(before, join(folder, baseName));
}

/** A command of ours for an instance, as a step. */
export function ngwbackupStep(place: Pick<Place, "instance">, args: readonly string[]): Step {
  return { programs: [ngwbackupProgram(place, args)] };
}

/** A command of ours for an instance, as its users start it. */
export function ngwbackupProgram({ instance }: Pick<Place, "instance">, args: readonly string[]): Program {
  const [command = "", ...others] = args;
  return {
    argv: [launcherPath, command, "--config", instance.configPath, ...others],
    env: { NGWBACKUP_NODE: process.execPath },
  };
}

/** Where our archive stands in the contestant's folder. */
export function archivePath({ folder }: Pick<Place, "folder">): string {
  return join(folder, "archive.ngwbackup");
}
