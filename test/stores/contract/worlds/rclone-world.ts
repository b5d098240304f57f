import type { Store } from "../../../../src/stores/store.ts";
import { createRcloneStore } from "../../../../src/stores/rclone/rclone-store.ts";
import { cleanEnvironment } from "../../../fixtures/postgres.ts";
import { type RemoteType, filesBelow, hasRclone, makeRemote } from "../../../fixtures/rclone.ts";
import type { StoreWorld } from "../store-world.ts";

interface Args {
  root: string;
  configPath: string;
}

/** Makes the store in whichever process. */
export function openStore(args: unknown, pid: number): Store {
  const { root, configPath } = args as Args;
  return createRcloneStore(root, { path: "rclone", env: { ...cleanEnvironment(), RCLONE_CONFIG: configPath } }, pid);
}

/** A remote of a type; undefined without rclone. */
export async function rcloneWorld(type: RemoteType): Promise<StoreWorld | undefined> {
  if (!hasRclone()) return undefined;
  const { root, configPath, folder } = await makeRemote(type);
  return {
    recipe: { module: import.meta.filename, args: { root, configPath } satisfies Args },
    // Names on an encrypting remote are not to be read.
    everything: () => Promise.resolve(filesBelow(folder)),
    bigBytes: 3 * 1024 * 1024,
    refusal: "late",
  };
}
