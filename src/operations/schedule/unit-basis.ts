import { stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { isAbsolute, resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { runChild } from "../../processes/child-process.ts";
import { launcher, launcherEnvironment } from "../../processes/own-program.ts";
import type { UnitBasis } from "../../schedule/unit-plan.ts";

/** Works out by whom and by what units run. */
export async function unitBasis(settings: Settings, context: Context): Promise<UnitBasis> {
  const { schedule } = settings.runs;
  const user = schedule.user ?? (await ownerOf(settings, context));
  const config = settings.files.map((file) => resolve(context.cwd, file)).join(":");
  return {
    name: schedule.unitName,
    user,
    isRoot: user === "root" || user === "0",
    program: launcher,
    environment: {
      ...(config === "" ? {} : { NEXTGISWEB_CONFIG: config }),
      ...(await launcherEnvironment()),
    },
    mounts: [settings.backup.path, settings.sdirPath].filter(isFolder),
  };
}

/** Whether a place is a folder of this machine, and is configured at all. */
export function isFolder(path: string | undefined): path is string {
  return path !== undefined && isAbsolute(path);
}

/** As root the owner of the data folder, as whom the service runs; otherwise who we are. */
async function ownerOf({ sdirPath }: Settings, context: Context): Promise<string> {
  if (!context.isRoot || sdirPath === undefined) return userInfo().username;
  const owner = await stat(sdirPath).catch(() => undefined);
  if (owner === undefined) return userInfo().username;
  const uid = String(owner.uid);
  // A number will do where the user has no name.
  const named = await runChild("id", ["-nu", uid], { env: context.env }).catch(() => undefined);
  return named?.stdout.trim() ?? uid;
}
