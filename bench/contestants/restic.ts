import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Contestant, Place, Program } from "./contestant.ts";
import { missingPrograms, postgresProgram } from "./instance-steps.ts";

const run = promisify(execFile);

/** The repository's password, which costs time to use and protects nothing here. */
const password = { RESTIC_PASSWORD: "bench" };

function restic(place: Place, args: readonly string[]): Program {
  const folders = ["-q", "--repo", join(place.folder, "repository"), "--cache-dir", join(place.folder, "cache")];
  return { argv: ["restic", ...folders, ...args], env: password };
}

/** restic takes the dump through stdin, then the folder. */
export const resticContestant: Contestant = {
  name: "restic",
  about: "pg_dump -Fc -Z0 | restic backup --stdin, restic backup of the files",
  missing: () => missingPrograms("restic"),
  async backup(place) {
    const [program, ...args] = restic(place, ["init"]).argv;
    await run(program!, args, { env: { ...process.env, ...password } });
    return {
      sequence: [
        {
          programs: [
            postgresProgram(place, "pg_dump", ["-Fc", "-Z0"]),
            restic(place, ["backup", "--stdin", "--stdin-filename", "database.dump"]),
          ],
        },
        { programs: [restic(place, ["backup", place.instance.fileStoragePath])] },
      ],
    };
  },
};
