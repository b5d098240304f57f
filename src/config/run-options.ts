import path from "node:path";
import type { Channels } from "../notifications/settings.ts";
import { notifyOptions, resolveChannels } from "./notify-options.ts";
import { durationType, showDuration } from "./durations.ts";
import type { OptionDefinition, OptionReader, ResolvedOption } from "./option-reader.ts";
import { ShownOptions } from "./shown-options.ts";
import { type ScheduleSettings, resolveSchedule, scheduleOptions } from "./schedule-options.ts";
import { type ValueType, commandType, pathType } from "./value-types.ts";

const section = "ngwbackup";

const hookTimeoutType: ValueType<number> = {
  expected: "a duration of at least 1 (second)",
  parse(text) {
    const timeoutMs = durationType.parse(text);
    return timeoutMs === undefined || timeoutMs < 1000 ? undefined : timeoutMs;
  },
};

const showWords = (words: readonly string[]): string => words.join(" ");

/** Options of `[ngwbackup]` for what surrounds a run: its history and who is told. */
export const runOptions = {
  statePath: { section, option: "state.path", type: pathType },
  maxAge: { section, option: "max_age", type: durationType, default: "26h" },
  metricsPath: { section, option: "metrics.path", type: pathType },
  hookBefore: { section, option: "hook.before", type: commandType },
  hookAfter: { section, option: "hook.after", type: commandType },
  hookOnError: { section, option: "hook.on_error", type: commandType },
  hookTimeout: { section, option: "hook.timeout", type: hookTimeoutType, default: "10m" },
  historyKeep: { section, option: "history.keep", type: durationType, default: "400d" },
  ...notifyOptions,
  ...scheduleOptions,
} satisfies Record<string, OptionDefinition<unknown>>;

/** Programs that run around a run, with their arguments. */
export interface HookSettings {
  /** Refuses the run when it fails. */
  before: readonly string[] | undefined;
  /** After a run that has done what it was for. */
  after: readonly string[] | undefined;
  /** After any other. */
  onError: readonly string[] | undefined;
  timeoutMs: number;
}

/** Settings of what surrounds a run. Paths are absolute. */
export interface RunSettings {
  /** Where what we remember between runs is kept; undefined: nowhere, neither `sdir` nor a folder for archives is configured. */
  state: { path: string; isNamed: boolean } | undefined;
  /** How long runs stay in the history. */
  historyKeepMs: number;
  /** A backup that is older is overdue. */
  maxAgeMs: number;
  /** Text file for Prometheus that `status` writes; undefined: none. */
  metricsPath: string | undefined;
  hooks: HookSettings;
  /** Who is told. */
  channels: Channels;
  schedule: ScheduleSettings;
}

/** What the settings of runs are worked out from. */
export interface RunSources {
  reader: OptionReader;
  cwd: string;
  /** `sdir` and the folder for archives, absolute. */
  sdirPath: string | undefined;
  backupPath: string | undefined;
  /** Whether rules say which archives go, and they do not go with each backup. */
  isPruned: boolean;
}

/**
 * Reads the options of what surrounds a run, and what to show of them.
 * @throws UsageError for a wrong value
 */
export function resolveRuns(sources: RunSources): { settings: RunSettings; values: readonly ResolvedOption[] } {
  const { reader, cwd } = sources;
  const shown = new ShownOptions(reader, cwd);
  const notify = resolveChannels(reader, cwd);
  const schedule = resolveSchedule(reader, cwd, sources.isPruned);
  const settings: RunSettings = {
    channels: notify.channels,
    state: stateFolder(sources, shown),
    historyKeepMs: shown.read(runOptions.historyKeep, showDuration)!,
    maxAgeMs: shown.read(runOptions.maxAge, showDuration)!,
    metricsPath: shown.readPath(runOptions.metricsPath),
    hooks: {
      before: shown.read(runOptions.hookBefore, showWords),
      after: shown.read(runOptions.hookAfter, showWords),
      onError: shown.read(runOptions.hookOnError, showWords),
      timeoutMs: shown.read(runOptions.hookTimeout, showDuration)!,
    },
    schedule: schedule.schedule,
  };
  return { settings, values: [...shown.values, ...notify.values, ...schedule.values] };
}

/** Beside the data, which is on a disk of this machine: the place of archives may be a store, or away for a while. */
function stateFolder({ reader, sdirPath, backupPath }: RunSources, shown: ShownOptions): RunSettings["state"] {
  const around = sdirPath ?? backupPath;
  const fallback = around === undefined ? undefined : path.join(around, ".ngwbackup");
  const folder = shown.readPath(runOptions.statePath, fallback);
  return folder === undefined ? undefined : { path: folder, isNamed: reader.find(runOptions.statePath) !== undefined };
}
