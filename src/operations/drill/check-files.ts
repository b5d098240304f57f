import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Application } from "../../applications/application.ts";
import { systemCode } from "../../disk-errors.ts";
import { messageOf } from "../../errors.ts";
import { blobPath, isBlobName } from "../../files/storage-layout.ts";
import { forEachAtOnce } from "../../for-each-at-once.ts";
import type { Client } from "../../postgres/connection.ts";
import { formatBytes, formatCount } from "../../terminal/format.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { readRecords } from "../contents/read-records.ts";
import { type DrillCheck, looked, skipped } from "./drill-check.ts";

const filesAtOnce = 4;

/**
 * Reads every restored blob and compares size and digest with what the archive says.
 * @param blobFolder of the restored instance
 */
export async function checkBlobs(
  contents: ArchiveContents,
  blobFolder: string,
  signal: AbortSignal,
): Promise<DrillCheck> {
  const faults: string[] = [];
  let blobs = 0;
  let bytes = 0;
  let withoutDigest = 0;
  await forEachAtOnce(readRecords(contents, "file_storage"), filesAtOnce, async ({ record, entry }) => {
    signal.throwIfAborted();
    const { payload } = record;
    if (!("uuid" in payload) || !isBlobName(payload)) return;
    const path = blobPath(payload);
    // An entry that is stored as it is has the blob's own digest in the manifest.
    const sha256 = payload.sha256 ?? (entry.codec === "none" ? entry.listed?.sha256 : undefined);
    const sizeBytes = payload.size ?? entry.listed?.plainBytes;
    if (sha256 === undefined) withoutDigest += 1;
    try {
      const found = await digestFile(join(blobFolder, path));
      blobs += 1;
      bytes += found.sizeBytes;
      if (sizeBytes !== undefined && found.sizeBytes !== sizeBytes)
        faults.push(`blob ${path}: expected ${sizeBytes} bytes, found ${found.sizeBytes}`);
      else if (sha256 !== undefined && found.sha256 !== sha256)
        faults.push(`blob ${path}: expected sha256 ${sha256}, found ${found.sha256}`);
    } catch (error) {
      faults.push(`blob ${path}: ${absenceOf(error)}`);
    }
  });
  const note = withoutDigest === 0 ? "" : `, ${formatCount(withoutDigest)} by size alone`;
  return looked("blobs", `${formatCount(blobs)} blobs read, ${formatBytes(bytes)}${note}`, faults);
}

/** Why there is no file. @throws the error itself when it says nothing of that: a disk that fails, too many open files */
function absenceOf(error: unknown): string {
  if (!["ENOENT", "ENOTDIR", "EISDIR"].includes(systemCode(error))) throw error;
  return messageOf(error);
}

async function digestFile(path: string): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: hash.digest("hex") };
}

/**
 * Looks for a blob for every row that lists one. What the backup itself has named as lost is no fault of the archive.
 * @param client in the restored database
 */
export async function checkBlobRows(
  client: Client,
  application: Application,
  blobFolder: string,
  contents: ArchiveContents,
): Promise<DrillCheck> {
  const check = "blob-rows";
  if ((await application.blobTable(client)) === undefined) return skipped(check, "the database lists no blobs");
  const lost = new Set(contents.manifest?.losses.map(({ what }) => what));
  const faults: string[] = [];
  let rows = 0;
  let known = 0;
  await client.query("BEGIN READ ONLY");
  try {
    for await (const batch of application.listBlobs(client)) {
      for (const { sizeBytes, ...name } of batch) {
        rows += 1;
        const path = isBlobName(name) ? blobPath(name) : undefined;
        const found =
          path === undefined
            ? undefined
            : await stat(join(blobFolder, path)).catch((error: unknown) => void absenceOf(error));
        if (found !== undefined && (sizeBytes === null || found.size === sizeBytes)) continue;
        if (lost.has(`${name.component}/${name.uuid}`)) known += 1;
        else
          faults.push(
            `row of blob ${name.component}/${name.uuid}: expected ${sizeBytes === null ? "a file" : `${sizeBytes} bytes`}, found ${found === undefined ? "none" : `${found.size} bytes`}`,
          );
      }
    }
  } finally {
    await client.query("ROLLBACK");
  }
  const note = known === 0 ? "" : `, ${formatCount(known)} were lost before the backup, which names them`;
  return looked(check, `${formatCount(rows)} rows have their blob${note}`, faults);
}
