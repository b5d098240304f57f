import { resolve } from "node:path";
import type { Writable } from "node:stream";
import type { Settings } from "../config/settings.ts";
import { RefusedError } from "../errors.ts";
import { findApplicationCommand, setCommandHint } from "../migrations/application-command.ts";
import { applicationEnvironment, runUpgrade, upgradeAfterRestoreError } from "../migrations/upgrade.ts";
import { applicationSearch, type Surroundings, upgradeCommand } from "./migration-status.ts";

/** How the installed application's migration command is run. */
export interface ApplicationUpgradeOptions {
  /** True: only show what would be done. */
  dryRun: boolean;
  /** Where the command's output is shown as it comes. */
  stdout: Writable;
  /** Where the command's messages are shown as they come. */
  stderr: Writable;
}

/**
 * Applies pending migrations, or shows which, by the installed application's own command, with the configuration that we
 * use ourselves.
 * @throws RefusedError when no application is installed
 * @throws UpgradeError with the command's exit status when it fails
 */
export async function upgradeApplication(
  settings: Settings,
  surroundings: Surroundings,
  options: ApplicationUpgradeOptions,
): Promise<void> {
  const { env, cwd, signal } = surroundings;
  const command = await findApplicationCommand(applicationSearch(settings, surroundings));
  if (command === undefined)
    throw new RefusedError("no-application", "no installed NextGIS Web was found: PATH has no nextgisweb but ours", {
      hints: [setCommandHint],
    });
  const configPaths = settings.files.map((file) => resolve(cwd, file));
  await runUpgrade({ command, ...options, env: applicationEnvironment(env, configPaths), cwd, signal });
}

/**
 * Applies pending migrations after a restore.
 * @param output where all that the command prints is shown
 * @throws AppError that says that the restore itself is complete, whatever fails here
 * @throws the signal's reason when it is interrupted
 */
export async function upgradeAfterRestore(
  settings: Settings,
  surroundings: Surroundings,
  output: Writable,
): Promise<void> {
  try {
    await upgradeApplication(settings, surroundings, { dryRun: false, stdout: output, stderr: output });
  } catch (error) {
    surroundings.signal.throwIfAborted();
    throw upgradeAfterRestoreError(error, upgradeCommand);
  }
}
