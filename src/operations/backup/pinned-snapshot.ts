import { setTimeout as sleep } from "node:timers/promises";
import type { Application } from "../../applications/application.ts";
import { RefusedError, messageOf } from "../../errors.ts";
import { type PinMakers, type Pins, pinBlobs } from "../../files/pins.ts";
import type { StorageFolders } from "../../files/storage-layout.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import { sqlState } from "../../postgres/connection-errors.ts";
import { lockAhead } from "../../postgres/lock-ahead.ts";
import { lockHint, lockHolders } from "../../postgres/lock-holders.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import { type Snapshot, openSnapshot } from "../../postgres/snapshot.ts";

/** How long we wait for writers of the blobs' table in one try: while we wait, uploads that come later wait behind us. */
const lockTimeoutMs = 2000;
const lockTries = 5;

/** SQLSTATE of a lock that a standby cannot give. */
const readOnlyServer = "25006";
const standbyRefusal = "a standby gives none; files that are deleted meanwhile are named as losses";

/** A snapshot of the database, and the blobs it lists held in place until they are read. */
export interface PinnedSnapshot {
  snapshot: Snapshot;
  /** Undefined when the application keeps no blobs here. */
  pins: Pins | undefined;
  /** Whether every table was locked before the snapshot was taken. */
  isLockedAhead: boolean;
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
 * @throws RefusedError tables-locked when somebody keeps the table that lists them
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
    const { signal } = options;
    const blobs = table === undefined || blobFolder === undefined ? undefined : new BlobTableLock(locker, table);
    let isLockedAhead = false;
    snapshot = await openSnapshot(settings, async (client) => {
      // What may take longer comes first, because uploads wait for the other.
      isLockedAhead = await lockAhead(client, locker, signal, () => blobs?.take() ?? Promise.resolve());
      while (blobs?.isToTry === true) {
        signal.throwIfAborted();
        // Uploads that queued up behind us get their turn before we ask again.
        await blobs.take().catch(async (error: unknown) => {
          if (sqlState(error) !== "55P03") throw error;
          await sleep(500, undefined, { signal });
        });
      }
    });
    if (blobs === undefined || blobFolder === undefined) return { snapshot, pins: undefined, isLockedAhead, notes };
    if (blobs.refusal !== undefined) notes.push(`blobs are read without a lock: ${blobs.refusal}`);
    pins = await pinBlobs({
      folders: { ...folders, blobFolder },
      runId: options.runId,
      pid: options.pid,
      blobs: application.listBlobs(snapshot.client),
      makers: options.makers,
      signal,
    });
    if (pins.unpinnedBecause !== undefined) notes.push(`blobs are read in place: ${pins.unpinnedBecause}`);
    await blobs.giveBack();
    return { snapshot, pins, isLockedAhead, notes };
  } catch (error) {
    await pins?.release();
    await snapshot?.close();
    throw await lockedTable(error, locker);
  } finally {
    await locker.end();
  }
}

/** Neither lock was to be had, nor can the table be read that lists the blobs: nothing passes by itself any more. */
async function lockedTable(error: unknown, locker: Client): Promise<unknown> {
  if (sqlState(error) !== "55P03") return error;
  let details: readonly string[] = [];
  try {
    await locker.query("rollback");
    details = await lockHolders(locker);
  } catch {
    // Who holds it is a help only.
  }
  return new RefusedError("tables-locked", "the table that lists the blobs stayed locked by others", {
    cause: error,
    details,
    hints: [lockHint],
  });
}

/** Ends the snapshot, and gives back what was pinned and not read. */
export async function closePinned({ snapshot, pins }: PinnedSnapshot): Promise<void> {
  await snapshot.close();
  // The next run removes what is left here.
  await pins?.release().catch(() => undefined);
}

/** The lock of the blobs' table against writers, which is done without when it cannot be had. */
class BlobTableLock {
  /** What stands against it; undefined as long as nothing does. */
  refusal: string | undefined;
  readonly #client: Client;
  readonly #table: string;
  #isHeld = false;
  #waits = 0;

  constructor(client: Client, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Neither held nor refused. */
  get isToTry(): boolean {
    return !this.#isHeld && this.refusal === undefined;
  }

  /** Takes it, or finds why it cannot be had. @throws what the server said when others keep it, for another try */
  async take(): Promise<void> {
    await this.#client.query("begin");
    try {
      await this.#client.query(`lock table ${this.#table} in share mode`);
      this.#isHeld = true;
    } catch (error) {
      await this.#client.query("rollback");
      if (sqlState(error) === readOnlyServer) this.refusal = standbyRefusal;
      else if (sqlState(error) !== "55P03") this.refusal = messageOf(error);
      else {
        this.#waits += 1;
        if (this.#waits < lockTries) throw error;
        this.refusal = `${this.#table} was locked by others for ${(lockTries * lockTimeoutMs) / 1000} s`;
      }
    }
  }

  async giveBack(): Promise<void> {
    if (this.#isHeld) await this.#client.query("commit");
    this.#isHeld = false;
  }
}
