import type { Job, SchedulePlan } from "./unit-plan.ts";

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
    ...hardening(plan, job),
  );
}

/**
 * Only what a run needs. JavaScript is compiled in memory, so that MemoryDenyWriteExecute cannot be; RemoveIPC would take the
 * shared memory of whatever else the user runs, a PostgreSQL for example; ProtectProc would hide other runs from us.
 */
function hardening({ isRoot, needsSharedTmp }: SchedulePlan, job: Job): string[] {
  // Only a private one is not read-only.
  const writablePaths = [...job.writablePaths, ...(needsSharedTmp ? ["/tmp", "/var/tmp"] : [])];
  return [
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    ...(writablePaths.length === 0
      ? []
      : [`ReadWritePaths=${writablePaths.map((path) => quoted(`-${path}`)).join(" ")}`]),
    `PrivateTmp=${needsSharedTmp ? "no" : "yes"}`,
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    // Root reads and owns what is others', and lets a drill's server run as somebody else.
    `CapabilityBoundingSet=${isRoot ? "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_SETGID CAP_SETUID CAP_KILL" : ""}`,
    "AmbientCapabilities=",
  ];
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

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

/** `%` begins a specifier in almost every setting. */
function specifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

function quoted(text: string): string {
  const escaped = specifiers(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return /^[A-Za-z0-9_@:=,./+%-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** In a command line variables are replaced, too. */
function argument(text: string): string {
  return quoted(text).replaceAll("$", "$$$$");
}
