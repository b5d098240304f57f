import { detectApplication } from "../../applications/detect.ts";
import type { Client } from "../../postgres/connection.ts";
import type { NamedRow } from "./infer-names.ts";

/** Rows of a rescued database that name blobs. */
export interface RescuedRows {
  /** In the order in which archives list them. */
  rows: readonly NamedRow[];
  placeByName: ReadonlyMap<string, number>;
  /** No row of that table was lost. */
  isComplete: boolean;
}

/** Reads which blobs the rescued database names; undefined when it has no table for them. */
export async function readRescuedRows(client: Client, isComplete: boolean): Promise<RescuedRows | undefined> {
  const application = await detectApplication(client);
  if ((await application.blobTable(client)) === undefined) return undefined;
  const rows: NamedRow[] = [];
  const placeByName = new Map<string, number>();
  await client.query("BEGIN");
  try {
    for await (const batch of application.listBlobs(client))
      for (const { component, uuid, sizeBytes } of batch) {
        placeByName.set(`${component}/${uuid}`, rows.length);
        rows.push({ component, uuid, sizeBytes: sizeBytes ?? undefined });
      }
  } finally {
    await client.query("ROLLBACK");
  }
  return { rows, placeByName, isComplete };
}
