/** One thing that is done by itself. */
export interface Job {
  /** Part of the names of its units, and the command: `backup`. */
  name: string;
  /** For people: what it does. */
  description: string;
  /** When, as systemd's OnCalendar has it. */
  calendar: string;
  /** Command and flags. */
  args: readonly string[];
  /** Absolute paths that it writes to; one that is not there is passed over. */
  writablePaths: readonly string[];
  /** Exit codes beside 0 that are no failure of the unit. */
  goodExitCodes: readonly number[];
}

/** All that is to be set up. */
export interface SchedulePlan {
  /** What names of units begin with. */
  name: string;
  /** Who runs it. */
  user: string;
  isRoot: boolean;
  /** Absolute path of our launcher. */
  program: string;
  environment: Readonly<Record<string, string>>;
  /** Up to so much later than said, in seconds, by chance. */
  randomDelayS: number;
  /** Whether something it needs is in a folder of temporary files that others share. */
  needsSharedTmp: boolean;
  /** Folders whose file systems have to be mounted before. */
  mounts: readonly string[];
  jobs: readonly Job[];
  /** The job that tells of what is due, started when another one failed. */
  watcher: string;
}
