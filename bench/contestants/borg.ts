import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Contestant, Place, Program } from "./contestant.ts";
import { dropStep, missingPrograms, postgresProgram } from "./instance-steps.ts";
import { restoreArgs, writeRestoreList } from "./pg-restore.ts";

const run = promisify(execFile);
const dumpName = "database.dump";
const repository = ({ folder }: Place): string => join(folder, "repository");

/** @param cwd what `create` takes paths from, and where `extract` writes; the contestant's own folder when left out */
function program(place: Place, args: readonly string[], cwd = place.folder): Program {
  const env = {
    // Configuration, keys and cache: nothing of the user's is read or written.
    BORG_BASE_DIR: join(place.folder, "borg"),
    // A repository without a key is asked about otherwise.
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes",
  };
  return { argv: ["borg", ...args], env, cwd };
}

async function prepare(place: Place, args: readonly string[]): Promise<void> {
  const { argv, env, cwd } = program(place, args);
  await run("borg", argv.slice(1), { env: { ...process.env, ...env }, cwd });
}

/** Borg takes the dump through stdin, then the folder; nothing is encrypted. */
export const borg: Contestant = {
  name: "borg",
  about: "pg_dump -Fc -Z0 | borg create, borg create of the files; back: extract, drop, pg_restore -j, extract",
  missing: () => missingPrograms("borg", "python3"),
  async backup(place) {
    await mkdir(join(place.folder, "borg"));
    await prepare(place, ["init", "--encryption=none", repository(place)]);
    const create = ["create", "--compression=zstd,1"];
    const dump = program(place, [...create, `--stdin-name=${dumpName}`, `${repository(place)}::database`, "-"]);
    const files = program(place, [...create, `${repository(place)}::files`, "."], place.instance.fileStoragePath);
    return {
      sequence: [{ programs: [postgresProgram(place, "pg_dump", ["-Fc", "-Z0"]), dump] }, { programs: [files] }],
    };
  },
  async restore(place) {
    const dump = join(place.folder, dumpName);
    const extractDump = ["extract", `${repository(place)}::database`];
    await prepare(place, extractDump);
    await writeRestoreList(place, dump);
    await rm(dump);
    return {
      sequence: [
        { programs: [program(place, extractDump)] },
        dropStep(place),
        { programs: [postgresProgram(place, "pg_restore", [`-j${place.jobs}`, ...restoreArgs(place), dump])] },
        { programs: [program(place, ["extract", `${repository(place)}::files`], place.instance.fileStoragePath)] },
      ],
    };
  },
};
