import { dirname } from "node:path";
import type { ScheduledJob } from "../../config/schedule-options.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { ExitCode } from "../../errors.ts";
import type { Job, SchedulePlan } from "../../schedule/unit-plan.ts";
import { isFolder, unitBasis } from "./unit-basis.ts";

/** What each job is, but for its paths. */
const jobs: Readonly<Record<ScheduledJob, Pick<Job, "description" | "args" | "goodExitCodes">>> = {
  // Losses are told of, and the archive is complete but for them.
  backup: {
    description: "Backup of NextGIS Web",
    args: ["backup", "--nice"],
    goodExitCodes: [ExitCode.losses],
  },
  verify: {
    description: "Verification of the newest backup of NextGIS Web",
    args: ["verify", "--nice", "latest"],
    goodExitCodes: [],
  },
  drill: {
    description: "Trial restore of the newest backup of NextGIS Web",
    args: ["drill"],
    goodExitCodes: [],
  },
  prune: { description: "Removal of old backups of NextGIS Web", args: ["prune"], goodExitCodes: [] },
  // It has told what is due.
  status: {
    description: "Status of the backups of NextGIS Web",
    args: ["status", "--notify"],
    goodExitCodes: [ExitCode.failed],
  },
};

/** Works out what is to be done by itself, when, by whom, and which paths each job needs. */
export async function planSchedule(settings: Settings, context: Context): Promise<SchedulePlan> {
  const { schedule } = settings.runs;
  const basis = await unitBasis(settings, context);
  const planned = [...schedule.calendars].map(([name, calendar]): Job => ({
    name,
    calendar,
    ...jobs[name],
    writablePaths: writablePaths(name, settings),
  }));
  const needed = [
    basis.program,
    ...(basis.environment["NEXTGISWEB_CONFIG"] ?? "").split(":"),
    ...basis.mounts,
    ...planned.flatMap((job) => job.writablePaths),
    settings.database.host ?? "",
  ];
  return {
    ...basis,
    randomDelayS: Math.round(schedule.randomDelayMs / 1000),
    needsSharedTmp: needed.some((path) => /^(?:\/var)?\/tmp(?:\/|$)/.test(path)),
    jobs: planned,
    watcher: "status",
  };
}

/** Options that come from the environment of whoever calls us, which a timer does not have. */
export function optionsOfEnvironment(settings: Settings): string[] {
  return settings.values
    .filter(({ source }) => /^(?:environment|libpq|NEXTGISWEB_CONFIG_INCLUDE)\b/.test(source))
    .map(({ section, option, source }) => `${section}.${option} (${source})`);
}

function writablePaths(name: ScheduledJob, settings: Settings): string[] {
  const { backup, sdirPath, fileStoragePath, runs } = settings;
  const paths = {
    // Beside the storage, files are linked aside, and what dead runs left is put in order.
    // Large parts for a store are kept as files for a while.
    backup: [
      backup.path,
      sdirPath,
      fileStoragePath === undefined ? undefined : dirname(fileStoragePath),
      backup.tmpdir,
    ],
    verify: [],
    drill: [backup.tmpdir],
    prune: [backup.path],
    status: [runs.metricsPath === undefined ? undefined : dirname(runs.metricsPath)],
  }[name];
  return [...new Set([...paths, runs.state?.path].filter(isFolder))];
}
