import { borg } from "./borg.ts";
import type { Contestant } from "./contestant.ts";
import { floor } from "./floor.ts";
import { nextgiswebSteps } from "./nextgisweb-steps.ts";
import { ngwbackup, ngwbackupAgain, ngwbackupInPlace } from "./ngwbackup.ts";
import { ngwbackupEncrypted } from "./ngwbackup-encrypted.ts";
import { pgDumpCustom, pgDumpDirectory } from "./pg-dump-tar.ts";
import { resticContestant } from "./restic.ts";

/** What is measured of a contestant. */
export type Job = "backup" | "restore" | "verify";

/** All jobs, in the order in which they run. */
export const allJobs: readonly Job[] = ["backup", "restore", "verify"];

/** A contestant and what the harness has to know of it. */
export interface Entry {
  contestant: Contestant;
  jobs: readonly Job[];
  /** Restores what another contestant, named here, has backed up. */
  archiveOf?: string;
  /** Its restore brings rows back, not files. */
  rowsOnly?: boolean;
  /** Takes part only where the instance changes after an earlier archive. */
  againOnly?: boolean;
}

/** All contestants, in the order in which they take turns. */
export const entries: readonly Entry[] = [
  entry(ngwbackup),
  { contestant: ngwbackupInPlace, jobs: ["restore"], archiveOf: ngwbackup.name },
  { ...entry(ngwbackupAgain), againOnly: true },
  entry(ngwbackupEncrypted),
  entry(nextgiswebSteps),
  { ...entry(floor), rowsOnly: true },
  entry(pgDumpCustom),
  entry(pgDumpDirectory),
  entry(resticContestant),
  entry(borg),
];

function entry(contestant: Contestant): Entry {
  const jobs = allJobs.filter((job) => contestant[job] !== undefined);
  return { contestant, jobs };
}
