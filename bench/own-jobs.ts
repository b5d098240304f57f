/** A command of ours that is looked at from inside, stage by stage. */
export interface OwnJob {
  name: string;
  /** Needs an instance to restore into. */
  restores: boolean;
  args: (archive: string) => string[];
}

/** In an order in which each finds what it needs. */
export const ownJobs: readonly OwnJob[] = [
  { name: "backup", restores: false, args: (archive) => ["backup", "--one-shot", "--overwrite", archive] },
  { name: "verify", restores: false, args: (archive) => ["verify", archive] },
  { name: "restore side by side", restores: true, args: (archive) => ["restore", "--side-by-side", "--yes", archive] },
  { name: "restore in place", restores: true, args: (archive) => ["restore", "--in-place", "--yes", archive] },
];
