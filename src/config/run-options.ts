import path from "node:path";
import { durationType, showDuration } from "./durations.ts";
import type { OptionDefinition, OptionReader, ResolvedOption } from "./option-reader.ts";
import { pathType } from "./value-types.ts";

const section = "ngwbackup";

/** Options of `[ngwbackup]` for what surrounds a run: its history and who is told. */
export const runOptions = {
  statePath: { section, option: "state.path", type: pathType },
  historyKeep: { section, option: "history.keep", type: durationType, default: "400d" },
} satisfies Record<string, OptionDefinition<unknown>>;

/** Settings of what surrounds a run. Paths are absolute. */
export interface RunSettings {
  /** Where what we remember between runs is kept; undefined: nowhere, neither `sdir` nor `backup.path` is configured. */
  state: { path: string; isNamed: boolean } | undefined;
  /** How long runs stay in the history. */
  historyKeepMs: number;
}

/** What the settings of runs are worked out from. */
export interface RunSources {
  reader: OptionReader;
  cwd: string;
  /** `sdir` and `backup.path`, absolute. */
  sdirPath: string | undefined;
  backupPath: string | undefined;
}

/**
 * Reads the options of what surrounds a run, and what to show of them.
 * @throws UsageError for a wrong value
 */
export function resolveRuns(sources: RunSources): { settings: RunSettings; values: readonly ResolvedOption[] } {
  const { reader } = sources;
  const values: ResolvedOption[] = [];
  const read = <T>(
    { option, ...definition }: OptionDefinition<T>,
    show: (value: T) => string = String,
  ): T | undefined => {
    const { value, source } = reader.get({ option, ...definition });
    values.push({ section, option, value: value === undefined ? null : show(value), source });
    return value;
  };
  const settings: RunSettings = {
    state: stateFolder(sources, values),
    historyKeepMs: read(runOptions.historyKeep, showDuration)!,
  };
  return { settings, values };
}

/** Beside the data, which is on a disk of this machine: the place of archives may be a store, or away for a while. */
function stateFolder(
  { reader, cwd, sdirPath, backupPath }: RunSources,
  values: ResolvedOption[],
): RunSettings["state"] {
  const { option } = runOptions.statePath;
  const found = reader.find(runOptions.statePath);
  if (found !== undefined) {
    const named = path.resolve(cwd, found.value);
    values.push({ section, option, value: named, source: found.source });
    return { path: named, isNamed: true };
  }
  const around = sdirPath ?? backupPath;
  const fallback = around === undefined ? undefined : path.join(around, ".ngwbackup");
  values.push({ section, option, value: fallback ?? null, source: "default" });
  return fallback === undefined ? undefined : { path: fallback, isNamed: false };
}
