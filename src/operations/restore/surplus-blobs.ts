import type { SqlClient } from "../../applications/application.ts";
import type { Application } from "../../applications/application.ts";
import { type PlannedFile } from "../../files/restore-files.ts";
import { type BlobName, blobPath } from "../../files/storage-layout.ts";
import { walkStorage } from "../../files/walk-storage.ts";

/** Names that are asked about in one query. */
const batchNames = 2000;

/**
 * Blobs of the live storage that no row of the restored database refers to, found in flat memory: the walk asks the
 * database batch by batch.
 * @param client a connection to the restored database
 */
export async function* surplusBlobs(
  client: SqlClient,
  application: Application,
  blobFolder: string | undefined,
): AsyncGenerator<PlannedFile> {
  if (blobFolder === undefined || (await application.blobTable(client)) === undefined) return;
  let batch: BlobName[] = [];
  for await (const name of walkStorage(blobFolder)) {
    batch.push(name);
    if (batch.length < batchNames) continue;
    yield* await unreferred(client, application, batch);
    batch = [];
  }
  yield* await unreferred(client, application, batch);
}

async function unreferred(client: SqlClient, application: Application, names: BlobName[]): Promise<PlannedFile[]> {
  const known = await application.knownBlobs(client, names);
  return names
    .filter((_name, index) => known[index] !== true)
    .map((name) => ({ area: "blobs" as const, path: blobPath(name) }));
}
