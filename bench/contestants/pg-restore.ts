import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Place } from "./contestant.ts";

const script = join(import.meta.dirname, "nextgisweb_steps.py");

/** Where {@link writeRestoreList} writes. */
export const listPath = ({ folder }: Place): string => join(folder, "list");

/**
 * Writes the list of what pg_restore is to bring back: all but what the target has already (extensions, schema public).
 * @param dump a file in custom format, or a folder
 */
export async function writeRestoreList(place: Place, dump: string): Promise<void> {
  await promisify(execFile)("python3", [script, "list", place.binDir, dump, listPath(place)]);
}

/** Arguments of pg_restore for what {@link writeRestoreList} listed, into the place's database. */
export function restoreArgs(place: Place): string[] {
  return [
    "--no-owner",
    "--no-privileges",
    "--exit-on-error",
    `--use-list=${listPath(place)}`,
    `--dbname=${place.instance.database}`,
  ];
}
