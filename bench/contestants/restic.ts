import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Contestant, Place, Program } from "./contestant.ts";
import { dropStep, missingPrograms, postgresProgram } from "./instance-steps.ts";
import { restoreArgs, writeRestoreList } from "./pg-restore.ts";

const run = promisify(execFile);
const dumpName = "database.dump";
const dumpPath = ({ folder }: Place): string => join(folder, dumpName);

/** The repository's password, which costs time to use and protects nothing here. */
const password = { RESTIC_PASSWORD: "bench" };

/** @param cwd what is backed up from here has paths from here */
function program(place: Place, args: readonly string[], cwd?: string): Program {
  const folders = ["-q", "--repo", join(place.folder, "repository"), "--cache-dir", join(place.folder, "cache")];
  return { argv: ["restic", ...folders, ...args], env: password, ...(cwd === undefined ? {} : { cwd }) };
}

/** Runs restic outside the measured time. */
async function prepare(place: Place, args: readonly string[], stdoutPath?: string): Promise<void> {
  const { argv } = program(place, args);
  const command =
    stdoutPath === undefined ? argv : ["sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", stdoutPath, ...argv];
  const [name = "", ...others] = command;
  await run(name, others, { env: { ...process.env, ...password } });
}

/** restic takes the dump through stdin, then the folder. */
export const resticContestant: Contestant = {
  name: "restic",
  about: "pg_dump -Fc -Z0 | restic backup, restic backup of the files; back: dump, drop, pg_restore -j, restore",
  missing: () => missingPrograms("restic", "python3"),
  async backup(place) {
    await prepare(place, ["init"]);
    const dump = program(place, ["backup", "--tag=database", "--stdin", `--stdin-filename=${dumpName}`]);
    const files = program(place, ["backup", "--tag=files", "."], place.instance.fileStoragePath);
    return {
      sequence: [{ programs: [postgresProgram(place, "pg_dump", ["-Fc", "-Z0"]), dump] }, { programs: [files] }],
    };
  },
  async restore(place) {
    const dump = ["dump", "--tag=database", "latest", dumpName];
    await prepare(place, dump, dumpPath(place));
    await writeRestoreList(place, dumpPath(place));
    const pgRestore = [`-j${place.jobs}`, ...restoreArgs(place), dumpPath(place)];
    const files = ["restore", "--tag=files", "latest", `--target=${place.instance.fileStoragePath}`];
    return {
      sequence: [
        { programs: [program(place, dump)], outputPath: dumpPath(place) },
        dropStep(place),
        { programs: [postgresProgram(place, "pg_restore", pgRestore)] },
        { programs: [program(place, files)] },
      ],
    };
  },
};
