import { join } from "node:path";
import type { Settings } from "../../../config/settings.ts";
import { type StateFolder, makeStateFolder } from "../../../state/state-folder.ts";

/** What is kept for later backups: manifests of encrypted archives, and where the rows of archives stood. */
export type KeptKind = "manifests" | "rows";

/** The state folder, as far as what archives hold may be told there. */
function stateFolder({ sdirPath, runs }: Settings): StateFolder | undefined {
  const { state } = runs;
  // Without a data folder it would come to stand beside the archives, which hide what a manifest says.
  return state?.isNamed === true || sdirPath !== undefined ? state : undefined;
}

/** Folder of what is kept of one kind; undefined where there is no place for it. */
export function keptFolder(settings: Settings, kind: KeptKind): string | undefined {
  const state = stateFolder(settings);
  return state && join(state.path, kind);
}

/**
 * Makes that folder, mode 0700.
 * @returns undefined where there is no place for it
 * @throws as `makeStateFolder` does
 */
export async function makeKeptFolder(settings: Settings, kind: KeptKind, isRoot: boolean): Promise<string | undefined> {
  const [state, folder] = [stateFolder(settings), keptFolder(settings, kind)];
  if (state === undefined || folder === undefined || !(await makeStateFolder(state, isRoot))) return undefined;
  return (await makeStateFolder({ path: folder, isNamed: false }, isRoot)) ? folder : undefined;
}
