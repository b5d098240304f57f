import { join } from "node:path";
import type { Settings } from "../config/settings.ts";
import type { StorageFolders } from "../files/storage-layout.ts";

/** Where an instance keeps its files, by its configuration. */
export function storageFolders(settings: Settings): StorageFolders {
  return {
    dataFolder: settings.sdirPath,
    blobFolder: settings.fileStoragePath,
    fontFolder: settings.fontPath,
    tileCacheFolder: settings.sdirPath === undefined ? undefined : join(settings.sdirPath, "render", "tile_cache"),
  };
}
