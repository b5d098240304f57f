import { cronFields } from "./cron-calendar.ts";
import type { SchedulePlan } from "./unit-plan.ts";

/** The jobs as lines of a file in `/etc/cron.d`, which name the user. Output goes nowhere: the history has it. */
export function crontab({ user, program, environment, jobs }: SchedulePlan): string {
  return jobs
    .map(({ description, calendar, args }) => {
      const fields = cronFields(calendar);
      const variables = Object.entries(environment).map(([name, value]) => `${name}=${shellWord(value)}`);
      const command = [...variables, ...[program, ...args, "--quiet"].map(shellWord)].join(" ");
      // cron takes a bare % for a line end.
      const escaped = `${command} >/dev/null 2>&1`.replaceAll("%", String.raw`\%`);
      const line = `${fields ?? "?"} ${user} ${escaped}`;
      return fields === undefined
        ? `# ${description}: cron has no words for ${JSON.stringify(calendar)}; put its five fields in the place of ?\n# ${line}\n`
        : `# ${description}\n${line}\n`;
    })
    .join("");
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_@:=,./+%-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
