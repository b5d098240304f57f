import { readdir } from "node:fs/promises";
import { tempFolder } from "../../../fixtures/temp-folder.ts";
import { createLocalStore } from "../../../../src/stores/local-store.ts";
import type { OpenStore, StoreWorld } from "../store-world.ts";

/** A store in a folder; its argument is the path. */
export const openStore: OpenStore = (folder, pid) => createLocalStore(folder as string, pid);

/** An empty folder of the test's own. */
export async function localWorld(): Promise<StoreWorld> {
  const folder = await tempFolder();
  return {
    recipe: { module: import.meta.filename, args: folder },
    async everything() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    },
    bigBytes: 3_000_000,
    refusal: "exact",
  };
}
