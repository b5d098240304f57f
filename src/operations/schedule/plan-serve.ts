import { dirname } from "node:path";
import { showListen } from "../../config/serve-options.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { ServePlan } from "../../schedule/unit-plan.ts";
import { isFolder, unitBasis } from "./unit-basis.ts";

/** Works out the page as a service: by whom, where, and which paths the runs need that are started from it. */
export async function planServe(settings: Settings, context: Context): Promise<ServePlan> {
  const { backup, sdirPath, fileStoragePath, runs, serve } = settings;
  const paths = [
    backup.path,
    sdirPath,
    // Files are linked aside there, and exchanged by a restore.
    fileStoragePath === undefined ? undefined : dirname(fileStoragePath),
    backup.tmpdir,
    runs.state?.path,
    runs.metricsPath === undefined ? undefined : dirname(runs.metricsPath),
    ...serve.places,
  ];
  return {
    ...(await unitBasis(settings, context)),
    args: ["serve"],
    listen: showListen(serve.listen),
    writablePaths: [...new Set(paths.filter(isFolder))],
  };
}
