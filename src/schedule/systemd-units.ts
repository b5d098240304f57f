import { hardening } from "./hardening.ts";
import type { Job, SchedulePlan } from "./unit-plan.ts";
import { argument, lines, quoted, specifiers } from "./unit-text.ts";

/** First line of every unit that we write, by which we know it again. */
export const unitMarker = "# Written by ngwbackup schedule: changes are lost, drop-ins (systemctl edit) are not";

/** Units by file name. */
export function systemdUnits(plan: SchedulePlan): Map<string, string> {
  const units = new Map<string, string>();
  for (const job of plan.jobs) {
    units.set(`${plan.name}-${job.name}.service`, serviceUnit(plan, job));
    units.set(`${plan.name}-${job.name}.timer`, timerUnit(plan, job));
  }
  return units;
}

function serviceUnit(plan: SchedulePlan, job: Job): string {
  const { user, program, environment, mounts, watcher, name } = plan;
  const isWatched = job.name !== watcher && plan.jobs.some((other) => other.name === watcher);
  return lines(
    unitMarker,
    "[Unit]",
    `Description=${specifiers(job.description)}`,
    "Wants=network-online.target",
    "After=network-online.target postgresql.service",
    ...(mounts.length === 0 ? [] : [`RequiresMountsFor=${mounts.map(quoted).join(" ")}`]),
    ...(isWatched ? [`OnFailure=${name}-${watcher}.service`] : []),
    "",
    "[Service]",
    "Type=oneshot",
    `User=${user}`,
    "UMask=0077",
    ...Object.entries(environment).map(([variable, value]) => `Environment=${quoted(`${variable}=${value}`)}`),
    `ExecStart=${[program, ...job.args].map(argument).join(" ")}`,
    ...(job.goodExitCodes.length === 0 ? [] : [`SuccessExitStatus=${job.goodExitCodes.join(" ")}`]),
    "# Time to put things back and to remove what is temporary.",
    "TimeoutStopSec=5min",
    "KillMode=mixed",
    "LimitNOFILE=300000",
    "",
    ...hardening({ ...plan, writablePaths: job.writablePaths }),
  );
}

function timerUnit({ randomDelayS }: SchedulePlan, job: Job): string {
  return lines(
    unitMarker,
    "[Unit]",
    `Description=${specifiers(job.description)}, by the calendar`,
    "",
    "[Timer]",
    `OnCalendar=${specifiers(job.calendar)}`,
    "# What was missed while the machine was off is done when it is on.",
    "Persistent=true",
    `RandomizedDelaySec=${randomDelayS}`,
    "",
    "[Install]",
    "WantedBy=timers.target",
  );
}
