import { createHash } from "node:crypto";
import type { ByteSink, ByteSource } from "../../../src/bytes.ts";
import type { Store, StoredObject } from "../../../src/stores/store.ts";

/** A signal that is never aborted. */
export const never = new AbortController().signal;

/** Bytes that look random and are the same each time, whatever range of them. @param seed another one gives others */
export function madeUpBytes(sizeBytes: number, seed = 1): Buffer {
  const block = 64 * 1024;
  const blocks: Buffer[] = [];
  for (let at = 0; at < sizeBytes; at += block)
    blocks.push(createHash("shake256", { outputLength: block }).update(`${seed} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

/** Writes bytes in pieces, each of which is overwritten after the store has taken it. */
export async function writeAll(sink: ByteSink, bytes: Buffer, pieceBytes = 700_001): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes));
    await sink.write(piece);
    piece.fill(0);
  }
}

/** Puts an object there as a whole. */
export async function put(store: Store, name: string, bytes: Buffer, overwrite = false): Promise<void> {
  const sink = await store.create(name, { signal: never, overwrite });
  await writeAll(sink, bytes);
  await sink.finish();
}

/** All of a source, read in order, one range ahead, as archives are read. */
export async function readAll(source: ByteSource, stepBytes = 1024 * 1024): Promise<Buffer> {
  const parts: Buffer[] = [];
  const read = (at: number): Promise<Buffer> | undefined =>
    at < source.sizeBytes ? source.read(at, Math.min(stepBytes, source.sizeBytes - at)) : undefined;
  let next = read(0);
  for (let at = stepBytes; next !== undefined; at += stepBytes) {
    const ahead = read(at);
    ahead?.catch(() => undefined);
    parts.push(await next);
    next = ahead;
  }
  return Buffer.concat(parts);
}

/** The content of an object. */
export async function get(store: Store, name: string): Promise<Buffer> {
  const source = await store.open(name, never);
  try {
    return await readAll(source);
  } finally {
    await source.close();
  }
}

/** What a store lists, by name. */
export async function listed(store: Store): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of store.list(never)) objects.push(object);
  return objects.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The names of what a store lists, in order. */
export async function listedNames(store: Store): Promise<string[]> {
  return (await listed(store)).map(({ name }) => name);
}
