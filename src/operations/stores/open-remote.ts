import type { ByteSource } from "../../bytes.ts";
import { UsageError } from "../../errors.ts";
import { type RemoteLocation, joinLocation } from "../../stores/location.ts";
import type { ArchiveAccess } from "./archive-access.ts";
import { openStore } from "./open-store.ts";

/**
 * Opens an archive of a store for reading; closing the source closes the store, too.
 * @throws UsageError for a location that names no object; what `openStore` and `Store.open` throw
 */
export async function openRemote(location: RemoteLocation, access: ArchiveAccess): Promise<ByteSource> {
  const { root, name } = location;
  if (name === undefined)
    throw new UsageError("no-archive", `${root} is a place for archives, and an archive is needed`, {
      hints: [`ngwbackup list ${joinLocation(root, "")}`],
    });
  const store = await openStore(location, await access.load(), access.context);
  try {
    const source = await store.open(name, access.context.signal);
    return {
      ...source,
      async close() {
        await source.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
