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

/** Who runs something, and by what. */
export interface UnitBasis {
  /** What names of units begin with. */
  name: string;
  /** Who runs it. */
  user: string;
  isRoot: boolean;
  /** Absolute path of our launcher. */
  program: string;
  environment: Readonly<Record<string, string>>;
  /** Folders whose file systems have to be mounted before. */
  mounts: readonly string[];
}

/** All that is to be done by the calendar. */
export interface SchedulePlan extends UnitBasis {
  /** Up to so much later than said, in seconds, by chance. */
  randomDelayS: number;
  /** Whether something it needs is in a folder of temporary files that others share. */
  needsSharedTmp: boolean;
  jobs: readonly Job[];
  /** The job that tells of what is due, started when another one failed. */
  watcher: string;
}

/** The page as a service. */
export interface ServePlan extends UnitBasis {
  /** Command and flags. */
  args: readonly string[];
  /** `HOST:PORT`. */
  listen: string;
  /** Absolute paths that runs write to which are started from it; one that is not there is passed over. */
  writablePaths: readonly string[];
}
