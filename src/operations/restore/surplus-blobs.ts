import { stat } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../disk-errors.ts";
import type { SqlClient } from "../../applications/application.ts";
import type { Application } from "../../applications/application.ts";
import { type BlobName, blobPath } from "../../files/storage-layout.ts";
import { walkStorage } from "../../files/walk-storage.ts";

/** Names that are asked about in one query. */
const batchNames = 2000;

/**
 * Paths of blobs of the live storage that no row of the restored database refers to, found in flat memory: the walk asks the
 * database batch by batch.
 * @param client a connection to the restored database
 * @param startedAt when the restore began: what was written since may be an upload whose row is still to come
 */
export async function* surplusBlobs(
  client: SqlClient,
  application: Application,
  blobFolder: string | undefined,
  startedAt: Date,
): AsyncGenerator<string> {
  if (blobFolder === undefined || (await application.blobTable(client)) === undefined) return;
  let batch: BlobName[] = [];
  for (const name of walkStorage(blobFolder)) {
    batch.push(name);
    if (batch.length < batchNames) continue;
    yield* older(await unreferred(client, application, batch), blobFolder, startedAt);
    batch = [];
  }
  yield* older(await unreferred(client, application, batch), blobFolder, startedAt);
}

async function* older(paths: readonly string[], folder: string, startedAt: Date): AsyncGenerator<string> {
  for (const path of paths) {
    const stats = await stat(join(folder, path)).catch((error: unknown) => {
      // Somebody has deleted it meanwhile. One that cannot be looked at must not stay for that.
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    });
    if (stats !== undefined && stats.mtime < startedAt) yield path;
  }
}

async function unreferred(client: SqlClient, application: Application, names: BlobName[]): Promise<string[]> {
  const known = await application.knownBlobs(client, names);
  return names.filter((_name, index) => known[index] !== true).map((name) => blobPath(name));
}
