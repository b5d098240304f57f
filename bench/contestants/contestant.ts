/**
 * What a contestant of the benchmark is: a program, or several, that back up an instance of NextGIS Web and bring it
 * back. A contestant only says what to run; the harness runs and measures it.
 */

/** Programs joined by pipes, run without a shell; stdin from a file, stdout to a file. */
export interface Pipeline {
  programs: readonly Program[];
  inputPath?: string;
  outputPath?: string;
}

/** One program of a pipeline: its command line, what is added to the environment, and its working folder. */
export interface Program {
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** What is measured: pipelines one after another, or at the same time. */
export type Step = Pipeline | { together: readonly Step[] } | { sequence: readonly Step[] };

/** Where things stand for one measured run. */
export interface Place {
  /** Instance that is backed up, or restored into. */
  instance: { configPath: string; sdirPath: string; fileStoragePath: string; database: string };
  /** PGHOST, PGPORT, PGUSER, PGDATABASE of the instance, for programs of PostgreSQL. */
  libpqEnv: Readonly<Record<string, string>>;
  /** Folder of PostgreSQL's programs. */
  binDir: string;
  /** The contestant's own folder: backup writes there, restore and verify read there. Empty before a backup. */
  folder: string;
  /** Our archive of the instance before it was changed; undefined where it was not. */
  before: string | undefined;
  /** Cores that may be used. */
  jobs: number;
  /** Tables of the instance by size, largest first, as "schema"."table" (quoted), with their plain size in bytes. */
  tables: readonly { name: string; sizeBytes: number }[];
}

/** A way to back up an instance, to restore it and to verify the backup. */
export interface Contestant {
  /** Short name in tables and for --contestants. */
  readonly name: string;
  /** One line that says what is run. */
  readonly about: string;
  /** Why it cannot run here (not installed); undefined when it can. */
  missing(): Promise<string | undefined>;
  /** Prepares small things outside the measured time, and returns what is measured. */
  backup(place: Place): Promise<Step>;
  /** As `backup`, for the way back into the place's instance. */
  restore?(place: Place): Promise<Step>;
  /** As `backup`, for a check of what the backup wrote. */
  verify?(place: Place): Promise<Step>;
}
