import { tmpdir } from "node:os";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { RemoteLocation } from "../../stores/location.ts";
import type { Store } from "../../stores/store.ts";

/**
 * Opens the store that a location names, as it is configured; the caller closes it.
 * @throws UsageError when what it needs is not configured, RefusedError when what it needs is not installed
 */
export async function openStore(location: RemoteLocation, settings: Settings, context: Context): Promise<Store> {
  switch (location.kind) {
    case "s3": {
      // Only who needs it waits for the SDK to load.
      const { createS3Store } = await import("../../stores/s3/s3-store.ts");
      const { env, pid } = context;
      const tmpFolder = settings.backup.tmpdir ?? env["TMPDIR"] ?? tmpdir();
      return createS3Store(location.root, settings.ngwbackup.s3, { env, pid, tmpFolder, now: () => context.now() });
    }
    case "rclone": {
      // Only who needs it waits for it to load.
      const { createRcloneStore } = await import("../../stores/rclone/rclone-store.ts");
      const { path = "rclone", config } = settings.ngwbackup.rclone;
      const env = {
        ...context.env,
        ...(config === undefined ? {} : { RCLONE_CONFIG: config }),
      };
      return createRcloneStore(location.root, { path, env }, context.pid);
    }
  }
}
