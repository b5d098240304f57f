import { durationType, showDuration } from "./durations.ts";
import type { OptionDefinition, OptionReader, ResolvedOption } from "./option-reader.ts";
import { ShownOptions } from "./shown-options.ts";
import { type ValueType } from "./value-types.ts";

const section = "ngwbackup";

const unitNameType: ValueType<string> = {
  expected: "letters, digits, - and _, beginning with a letter",
  parse: (text) => (/^[A-Za-z][A-Za-z0-9_-]{0,60}$/.test(text) ? text : undefined),
};

const userType: ValueType<string> = {
  expected: "the name or number of a user",
  parse: (text) => (/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(text) ? text : undefined),
};

/** Which moments systemd knows, it says itself. */
const calendarType: ValueType<string> = {
  expected: "never, or a time as systemd's OnCalendar has it, such as *-*-* 02:15:00",
  parse: (text) => (/^[A-Za-z0-9 ,.:/*~+_-]+$/.test(text) ? text : undefined),
};

/** Options of `[ngwbackup]` for what is done by itself. */
export const scheduleOptions = {
  unitName: { section, option: "schedule.name", type: unitNameType, default: "ngwbackup" },
  scheduleUser: { section, option: "schedule.user", type: userType },
  scheduleBackup: { section, option: "schedule.backup", type: calendarType, default: "*-*-* 02:15:00" },
  scheduleVerify: { section, option: "schedule.verify", type: calendarType, default: "Sun *-*-* 04:15:00" },
  scheduleDrill: { section, option: "schedule.drill", type: calendarType, default: "*-*-01 05:15:00" },
  schedulePrune: { section, option: "schedule.prune", type: calendarType },
  scheduleStatus: { section, option: "schedule.status", type: calendarType, default: "hourly" },
  scheduleDelay: { section, option: "schedule.random_delay", type: durationType, default: "10m" },
} satisfies Record<string, OptionDefinition<unknown>>;

/** What can be done by itself. */
export type ScheduledJob = "backup" | "verify" | "drill" | "prune" | "status";

/** When what is done by itself, and by whom. */
export interface ScheduleSettings {
  /** What names of systemd units begin with. */
  unitName: string;
  /** Undefined: the owner of the data folder. */
  user: string | undefined;
  /** By job, as OnCalendar; what is never done is not in it. */
  calendars: ReadonlyMap<ScheduledJob, string>;
  randomDelayMs: number;
}

/** When archives go, where rules say which and no option says when. */
const defaultPrune = "*-*-* 03:45:00";

/**
 * Reads the options of what is done by itself, and what to show of them.
 * @param isPruned whether rules say which archives go, and they do not go with each backup
 */
export function resolveSchedule(
  reader: OptionReader,
  cwd: string,
  isPruned: boolean,
): {
  schedule: ScheduleSettings;
  values: readonly ResolvedOption[];
} {
  const shown = new ShownOptions(reader, cwd);
  const unitName = shown.read(scheduleOptions.unitName)!;
  const user = shown.read(scheduleOptions.scheduleUser);
  const calendars: [ScheduledJob, string][] = [
    ["backup", shown.read(scheduleOptions.scheduleBackup)!],
    ["verify", shown.read(scheduleOptions.scheduleVerify)!],
    ["drill", shown.read(scheduleOptions.scheduleDrill)!],
    ["prune", shown.read({ ...scheduleOptions.schedulePrune, default: isPruned ? defaultPrune : "never" })!],
    ["status", shown.read(scheduleOptions.scheduleStatus)!],
  ];
  const randomDelayMs = shown.read(scheduleOptions.scheduleDelay, showDuration)!;
  const wanted = calendars.filter(([, calendar]) => calendar.toLowerCase() !== "never");
  return { schedule: { unitName, user, calendars: new Map(wanted), randomDelayMs }, values: shown.values };
}
