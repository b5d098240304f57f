import { access, constants, stat } from "node:fs/promises";
import { placeHint } from "../../config/place-options.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Finding } from "../../finding.ts";
import { silentReporter } from "../../progress.ts";
import { archivesIn } from "../list/archives-in.ts";
import { accessWith } from "../stores/archive-access.ts";
import { failureFinding } from "./failure-finding.ts";

const name = "backup-path";

/** Looks whether archives can be written to the configured place; of a store, which nothing is written to for that, whether it can be listed. */
export async function checkPlace(settings: Settings, context: Context): Promise<Finding> {
  const { place, path } = settings.backup;
  if (place === undefined)
    return {
      level: "warn",
      check: name,
      message: "no place for archives is configured, so every backup needs a target",
      hint: placeHint,
    };
  if (path === undefined) return await checkStore(place, settings, context);
  const missing = (await stat(path).catch(() => undefined)) === undefined;
  return missing
    ? { level: "ok", check: name, message: `the folder for archives, ${path}, will be made by the first backup` }
    : await checkFolder(name, path);
}

/** Looks whether a folder can be read and written. @param check name of the check, and of the option */
export async function checkFolder(check: string, path: string | undefined): Promise<Finding> {
  if (path === undefined)
    return {
      level: "warn",
      check,
      message: `${check} is not configured, so no files are backed up or restored`,
      hint: "set sdir in section [core] of the configuration",
    };
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return { level: "ok", check, message: `${path} can be read and written` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === "ENOENT" ? `there is no folder ${path}` : `${path} cannot be read and written (${code})`;
    return { level: "fail", check, message, hint: "run as the user that the application runs as, or mend the path" };
  }
}

async function checkStore(place: string, settings: Settings, context: Context): Promise<Finding> {
  try {
    let archives = 0;
    for await (const _archive of archivesIn(place, accessWith(settings, context, silentReporter))) archives += 1;
    return { level: "ok", check: name, message: `${place} can be listed: ${archives} archives` };
  } catch (error) {
    context.signal.throwIfAborted();
    return failureFinding(name, error);
  }
}
