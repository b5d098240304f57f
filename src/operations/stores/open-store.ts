import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors.ts";
import type { RemoteLocation } from "../../stores/location.ts";
import type { Store } from "../../stores/store.ts";

/**
 * Opens the store that a location names, as it is configured; the caller closes it.
 * @throws UsageError when what it needs is not configured, RefusedError when what it needs is not installed
 */
export async function openStore(location: RemoteLocation, _settings: Settings, _context: Context): Promise<Store> {
  switch (location.kind) {
    case "s3":
    case "rclone":
      throw new UsageError("unknown-store", `${location.root}: this kind of store is not supported yet`);
  }
}
