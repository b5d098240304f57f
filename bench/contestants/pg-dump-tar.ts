import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Contestant, Place, Step } from "./contestant.ts";
import { dropStep, missingPrograms, postgresProgram } from "./instance-steps.ts";
import { restoreArgs, writeRestoreList } from "./pg-restore.ts";

const run = promisify(execFile);

const dumpPath = ({ folder }: Place): string => join(folder, "database.dump.zst");
const plainPath = ({ folder }: Place): string => join(folder, "database");
const filesPath = ({ folder }: Place): string => join(folder, "files.tar.zst");

const packFiles = (place: Place): Step => ({
  programs: [
    { argv: ["tar", "-C", place.instance.fileStoragePath, "-cf", "-", "."] },
    { argv: ["zstd", "-1", "-q", "-c"] },
  ],
  outputPath: filesPath(place),
});
const unpackFiles = (place: Place): Step => ({
  programs: [{ argv: ["zstd", "-dqc"] }, { argv: ["tar", "-C", place.instance.fileStoragePath, "-xf", "-"] }],
  inputPath: filesPath(place),
});
/** A custom-format dump and a tar, both through zstd, one after the other. */
export const pgDumpCustom: Contestant = {
  name: "pg_dump + tar",
  about: "pg_dump -Fc -Z0 | zstd -1, tar | zstd -1; back: drop, zstd -d | pg_restore, zstd -d | tar",
  missing: () => missingPrograms("zstd", "tar", "python3"),
  backup: async (place) => ({
    sequence: [
      {
        programs: [postgresProgram(place, "pg_dump", ["-Fc", "-Z0"]), { argv: ["zstd", "-1", "-q", "-c"] }],
        outputPath: dumpPath(place),
      },
      packFiles(place),
    ],
  }),
  async restore(place) {
    await run("zstd", ["-dqf", dumpPath(place), "-o", plainPath(place)]);
    await writeRestoreList(place, plainPath(place));
    return {
      sequence: [
        dropStep(place),
        {
          programs: [{ argv: ["zstd", "-dqc"] }, postgresProgram(place, "pg_restore", restoreArgs(place))],
          inputPath: dumpPath(place),
        },
        unpackFiles(place),
      ],
    };
  },
};

/** A directory dump by several sessions, and a tar. */
export const pgDumpDirectory: Contestant = {
  name: "pg_dump -j + tar",
  about: "pg_dump -Fd -j -Z1, tar | zstd -1; back: drop, pg_restore -j, zstd -d | tar",
  missing: () => pgDumpCustom.missing(),
  backup: async (place) => ({
    sequence: [
      {
        programs: [postgresProgram(place, "pg_dump", ["-Fd", `-j${place.jobs}`, "-Z1", `--file=${plainPath(place)}`])],
      },
      packFiles(place),
    ],
  }),
  async restore(place) {
    await writeRestoreList(place, plainPath(place));
    const args = [`-j${place.jobs}`, ...restoreArgs(place), plainPath(place)];
    return {
      sequence: [dropStep(place), { programs: [postgresProgram(place, "pg_restore", args)] }, unpackFiles(place)],
    };
  },
};
