import { join } from "node:path";
import type { Contestant, Place, Step } from "./contestant.ts";

const programPath = join(import.meta.dirname, "..", "..", "src", "cli.ts");

/** Ours, as the launcher in `bin/` runs it; restores side by side. */
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

/** A command of ours for an instance, as a step. */
export function ngwbackupStep(place: Pick<Place, "instance">, args: readonly string[]): Step {
  const [command = "", ...others] = args;
  const argv = [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    programPath,
    command,
    "--config",
    place.instance.configPath,
    ...others,
  ];
  return { programs: [{ argv }] };
}

/** Where our archive stands in the contestant's folder. */
function archivePath(place: Place): string {
  return join(place.folder, "archive.ngwbackup");
}
