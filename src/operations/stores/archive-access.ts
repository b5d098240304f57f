import { type Settings, loadSettings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Reporter } from "../../progress.ts";

/** What archives are found and opened with, wherever they are. */
export interface ArchiveAccess {
  context: Context;
  reporter: Reporter;
  /** The configuration, where the command needs it anyway. */
  loaded: Settings | undefined;
  /**
   * The configuration; loaded when an archive asks for it, as one in a store does: a local one is read without any.
   * @throws UsageError as `loadSettings` does
   */
  load(): Promise<Settings>;
}

/** Access for a command that has its configuration. */
export function accessWith(settings: Settings, context: Context, reporter: Reporter): ArchiveAccess {
  return { context, reporter, loaded: settings, load: () => Promise.resolve(settings) };
}

/**
 * Access for a command that works without a configuration.
 * @param configPaths those of `--config`
 */
export function accessByNeed(configPaths: readonly string[], context: Context, reporter: Reporter): ArchiveAccess {
  let loading: Promise<Settings> | undefined;
  const { env, cwd } = context;
  return { context, reporter, loaded: undefined, load: () => (loading ??= loadSettings({ env, cwd, configPaths })) };
}
