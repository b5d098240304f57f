import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { blobPath } from "../../../src/demo/files.ts";
import { uploadContent } from "../../../src/demo/writers.ts";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { withOne } from "./layer-clients.ts";

/** Digests of the blobs that no client touches, by path. */
export type Digests = ReadonlyMap<string, string>;

/** Digests of all blobs of an instance at rest. */
export async function digestsOf(settings: ConnectionSettings, fileStoragePath: string): Promise<Digests> {
  const digests = new Map<string, string>();
  for (const path of await blobPaths(settings)) digests.set(path, sha256(await readFile(join(fileStoragePath, path))));
  return digests;
}

/**
 * Checks what blobs hold: those that were there at rest the same bytes, those of clients what follows from their names. That each
 * is there and of its size is looked at elsewhere.
 * @returns what differs, a line each
 */
export async function checkBlobContents(
  settings: ConnectionSettings,
  fileStoragePath: string,
  atRest: Digests,
): Promise<string[]> {
  const faults: string[] = [];
  for (const path of await blobPaths(settings)) {
    const content = await readFile(join(fileStoragePath, path)).catch(() => undefined);
    if (content === undefined) continue;
    const uuid = path.split("/").at(-1) ?? "";
    const digest = atRest.get(path);
    if (digest === undefined ? !isOfClient(content, path, uuid) : sha256(content) !== digest)
      faults.push(`blob ${path}: ${content.length} bytes that are not its own`);
  }
  return faults;
}

/** The blob of a counter holds a number, which the check of counters compares. */
function isOfClient(content: Buffer, path: string, uuid: string): boolean {
  if (path.startsWith("demo_counter/")) return /^\d+$/.test(content.toString("latin1"));
  return content.equals(Buffer.from(uploadContent(uuid, content.length)));
}

async function blobPaths(settings: ConnectionSettings): Promise<string[]> {
  return await withOne(settings, "check of blobs", async (client) => {
    const { rows } = await client.query<{ component: string; uuid: string }>(
      "select component, uuid from public.fileobj",
    );
    return rows.map(blobPath);
  });
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
