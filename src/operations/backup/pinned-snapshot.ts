import { setTimeout as sleep } from "node:timers/promises";
import type { Application } from "../../applications/application.ts";
import { messageOf } from "../../errors.ts";
import { type PinMakers, type Pins, pinBlobs } from "../../files/pins.ts";
import type { StorageFolders } from "../../files/storage-layout.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import { type Snapshot, openSnapshot } from "../../postgres/snapshot.ts";

/** How long we wait for writers of the blobs' table in one try: while we wait, uploads that come later wait behind us. */
const lockTimeoutMs = 2000;
const lockTries = 5;

/** A snapshot of the database, and the blobs it lists held in place until they are read. */
export interface PinnedSnapshot {
  snapshot: Snapshot;
  /** Undefined when the application keeps no blobs here. */
  pins: Pins | undefined;
  /** How long uploads had to wait for us, and why deletions can outrun us after all, if they can. */
  notes: string[];
}

/** What {@link takePinnedSnapshot} needs. */
export interface PinnedSnapshotOptions {
  settings: ConnectionSettings;
  application: Application;
  folders: StorageFolders;
  runId: string;
  pid: number;
  makers: PinMakers;
  signal: AbortSignal;
}

/**
 * Takes the snapshot and pins every blob it lists, while nobody can add or delete one: a deletion in the application
 * removes the row first, and waits for our lock with that, so that its file is still there when we pin it.
 * Where neither open files nor links are possible, blobs are read in place, and one that vanishes is named as a loss.
 */
export async function takePinnedSnapshot(options: PinnedSnapshotOptions): Promise<PinnedSnapshot> {
  const { settings, application, folders } = options;
  const notes: string[] = [];
  const locker = await connect(settings, { lockTimeoutMs });
  let snapshot: Snapshot | undefined;
  let pins: Pins | undefined;
  try {
    const table = await application.blobTable(locker);
    const { blobFolder } = folders;
    if (table === undefined || blobFolder === undefined) {
      snapshot = await openSnapshot(settings);
      return { snapshot, pins: undefined, notes };
    }
    const refusal = await lockBlobTable(locker, table, options.signal);
    if (refusal !== undefined) notes.push(`blobs are read without a lock: ${refusal}`);
    snapshot = await openSnapshot(settings);
    pins = await pinBlobs({
      folders: { ...folders, blobFolder },
      runId: options.runId,
      pid: options.pid,
      blobs: application.listBlobs(snapshot.client),
      makers: options.makers,
      signal: options.signal,
    });
    if (pins.unpinnedBecause !== undefined) notes.push(`blobs are read in place: ${pins.unpinnedBecause}`);
    if (refusal === undefined) await locker.query("commit");
    return { snapshot, pins, notes };
  } catch (error) {
    await pins?.release();
    await snapshot?.close();
    throw error;
  } finally {
    await locker.end();
  }
}

/** Locks the table against writers; what stands against it, when it cannot be done. */
async function lockBlobTable(client: Client, table: string, signal: AbortSignal): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    await client.query("begin");
    try {
      await client.query(`lock table ${table} in share mode`);
      return undefined;
    } catch (error) {
      await client.query("rollback");
      const waited = (error as { code?: string }).code === "55P03";
      if (!waited) return messageOf(error);
      if (attempt === lockTries) return `${table} was locked by others for ${(lockTries * lockTimeoutMs) / 1000} s`;
      // Uploads that queued up behind us get their turn before we ask again.
      await sleep(500, undefined, { signal });
    }
  }
}
