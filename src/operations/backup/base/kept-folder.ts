import { join } from "node:path";
import type { Settings } from "../../../config/settings.ts";
import { type StateFolder, makeStateFolder } from "../../../state/state-folder.ts";

/** The state folder, as far as manifests may be kept there. */
function stateFolder({ sdirPath, runs }: Settings): StateFolder | undefined {
  const { state } = runs;
  // Without a data folder it would come to stand beside the archives, which hide what a manifest says.
  return state?.isNamed === true || sdirPath !== undefined ? state : undefined;
}

/** Folder of the manifests that are kept of encrypted archives; undefined where there is no place for them. */
export function keptFolder(settings: Settings): string | undefined {
  const state = stateFolder(settings);
  return state && join(state.path, "manifests");
}

/**
 * Makes that folder, mode 0700.
 * @returns undefined where there is no place for it
 * @throws as `makeStateFolder` does
 */
export async function makeKeptFolder(settings: Settings, isRoot: boolean): Promise<string | undefined> {
  const [state, folder] = [stateFolder(settings), keptFolder(settings)];
  if (state === undefined || folder === undefined || !(await makeStateFolder(state, isRoot))) return undefined;
  return (await makeStateFolder({ path: folder, isNamed: false }, isRoot)) ? folder : undefined;
}
