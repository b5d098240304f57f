import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `schedule`. */
export interface ScheduleFlags extends CommonFlags {
  readonly install: boolean;
  readonly uninstall: boolean;
  readonly units: boolean;
  readonly crontab: boolean;
  readonly unitDir?: string;
}

const switched = (brief: string) => ({ kind: "boolean", default: false, withNegated: false, brief }) as const;

/** `schedule` in the command table. */
export const scheduleCommand = buildCommand({
  loader: lazyCommand<ScheduleFlags, []>(() => import("./schedule.ts")),
  parameters: {
    flags: {
      ...commonFlags,
      install: switched("Write systemd's units and start their timers"),
      uninstall: switched("Stop the timers and remove the units"),
      units: switched("Print the units, wherever"),
      crontab: switched("Print lines for a file in /etc/cron.d"),
      unitDir: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "dir",
        brief: "Folder of units; /etc/systemd/system when left out",
      },
    },
    aliases: commonAliases,
  },
  docs: {
    brief: "Do backup, verify, drill and status by the calendar",
    fullDescription: [
      "Prints systemd's units, or lines for cron where systemd does not run. Times are schedule... of the configuration.",
      "",
      "Examples:",
      "  ngwbackup schedule                                 to look at",
      "  ngwbackup schedule --install",
      "  ngwbackup schedule --crontab > /etc/cron.d/ngwbackup",
    ].join("\n"),
  },
});
