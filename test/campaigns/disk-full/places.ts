import type { ProgramEnd, ProgramOptions, StartedProgram } from "../../fixtures/run-program.ts";
import type { Random } from "../random.ts";
import type { SmallDisk } from "../../fixtures/small-disk.ts";
import { restoreWithout } from "./restore-places.ts";
import { spoolWithout } from "./spool-places.ts";
import { backupWithout } from "./target-places.ts";
import type { DiskFullWorld } from "./world.ts";

/** A command that writes to a disk which is going to be full. */
export interface FullPlace {
  name: string;
  /** What has no room: a disk of its own, or undefined where the size of single files is limited instead. */
  disk(world: DiskFullWorld): SmallDisk | undefined;
  /** Whether many files are written there, so that there may be too few inodes. */
  hasManyFiles: boolean;
  /** Starts the command; the same one each time. */
  start(world: DiskFullWorld, options: ProgramOptions): Promise<StartedProgram>;
  /** What it needs there, about. */
  neededBytes(world: DiskFullWorld): Promise<number>;
  /** What a message about the disk may name. */
  named: RegExp;
  /** Holds everything to be as before the command, after one that failed. */
  mustBeAsBefore(world: DiskFullWorld, end: ProgramEnd): Promise<void>;
  /** Holds the command to be done, after one that ended with 0, and begins anew. */
  mustBeDone(world: DiskFullWorld, end: ProgramEnd): Promise<void>;
}

/** How much room there is, and from when on. */
export interface Shortage {
  /** Of single files where there is no disk of its own. */
  bytes?: number;
  inodes?: number;
  /** As a share of the time that the command takes; undefined: before it starts. */
  fromShare?: number;
}

/** Draws how much room a command has, from nothing to almost enough, and a little more than that at times. */
export function drawShortage(place: FullPlace, neededBytes: number, random: Random): Shortage {
  const isOfInodes = place.hasManyFiles && random.below(3) === 0;
  const room = isOfInodes ? { inodes: random.below(40) } : { bytes: Math.floor(random.fraction() * 1.1 * neededBytes) };
  return random.below(2) === 0 ? room : { ...room, fromShare: random.fraction() };
}

/** Every place that can be full; those without a disk come last. */
export const fullPlaces: readonly FullPlace[] = [
  backupWithout("file", "disk"),
  restoreWithout("side-by-side", "storage"),
  restoreWithout("in-place", "database"),
  spoolWithout("disk"),
  restoreWithout("in-place", "fonts"),
  backupWithout("folder", "disk"),
  restoreWithout("side-by-side", "database"),
  backupWithout("stdout", "disk"),
  restoreWithout("in-place", "storage"),
  restoreWithout("side-by-side", "fonts"),
  backupWithout("file", "limit"),
  restoreWithout("in-place", "limit"),
  backupWithout("folder", "limit"),
  restoreWithout("side-by-side", "limit"),
  spoolWithout("limit"),
];
