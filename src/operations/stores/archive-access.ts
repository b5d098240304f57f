import { type Settings, loadSettings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Reporter } from "../../progress.ts";
import { Decryption, type DecryptionChoice, nothingSaid } from "../encryption/decryption.ts";

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
  /** Opens those that are encrypted. */
  decryption: Decryption;
}

/**
 * Access for a command that has its configuration.
 * @param keys what the command line says about encrypted archives
 */
export function accessWith(
  settings: Settings,
  context: Context,
  reporter: Reporter,
  keys: DecryptionChoice = nothingSaid,
): ArchiveAccess {
  const load = (): Promise<Settings> => Promise.resolve(settings);
  return { context, reporter, loaded: settings, load, decryption: new Decryption(keys, context.cwd, load) };
}

/**
 * Access for a command that works without a configuration.
 * @param configPaths those of `--config`
 * @param keys what the command line says about encrypted archives
 */
export function accessByNeed(
  configPaths: readonly string[],
  context: Context,
  reporter: Reporter,
  keys: DecryptionChoice = nothingSaid,
): ArchiveAccess {
  let loading: Promise<Settings> | undefined;
  const { env, cwd } = context;
  const load = (): Promise<Settings> => (loading ??= loadSettings({ env, cwd, configPaths }));
  return { context, reporter, loaded: undefined, load, decryption: new Decryption(keys, cwd, load) };
}
