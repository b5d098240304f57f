import type { Codec } from "../../archive/codec.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import { sqlState } from "../../postgres/connection-errors.ts";
import { copyStatement } from "../../postgres/ctid-pieces.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import { type Snapshot, importSnapshot } from "../../postgres/snapshot.ts";
import { type TableState, tableStates } from "../../postgres/table-states.ts";
import type { EarlierRows } from "./base/earlier-rows.ts";
import { type PackedTable, TablePacker } from "./packed-table.ts";
import type { SavedTable } from "./saved-tables.ts";
import { smallTableBytes } from "./table-runs.ts";

/** What {@link copyEarly} needs. */
export interface EarlyTablesOptions {
  settings: ConnectionSettings;
  snapshot: Pick<Snapshot, "id">;
  encoding: string;
  /** Tables as they were before the snapshot; small ones are copied. */
  saved: readonly SavedTable[];
  codec: Codec;
  level: number | undefined;
  earlier: EarlierRows;
  /** Bytes that may be held; the rest is left to the ordinary way. */
  limitBytes?: number;
  signal: AbortSignal;
}

/** A table that was copied ahead, exactly as the snapshot has it. */
export interface EarlyTable {
  schema: string;
  name: string;
  /** See `TableState`. */
  columns: string;
  sizeBytes: number;
  packed: PackedTable;
}

/** Copying that goes on beside something else; it never fails, and whoever began it ends it by `close`. */
export interface EarlyCopy {
  /** Stops soon, and tells the tables that are held, by OID; the same again when called again. */
  finish(): Promise<ReadonlyMap<string, EarlyTable>>;
  /** Stops soon, and ends its session. */
  close(): Promise<void>;
}

const defaultLimitBytes = 16 * 1024 * 1024;
/** What a table takes beside its content. */
const tableOverheadBytes = 1024;
/** More text of one table was not to be expected: it has grown since its size was looked up. */
const tableTextBytes = 8 * 1024 * 1024;
const runTables = 32;
/** Locks at a time, all of them ones that pg_dump takes as well: no further entries of the server's lock table. */
const tablesPerTransaction = 96;
/** Below `deadlock_timeout`: whoever waits for us while we wait for him is not the one who is ended. */
const lockWaitMs = 50;
/** So that many tables locked by somebody, or not readable, do not cost more than they can bring. */
const failuresAtMost = 10;

/**
 * Copies small tables while pg_dump still describes the schema, which keeps one session of the server busy for seconds where
 * there are thousands of layers.
 *
 * Where they could not be locked ahead of the snapshot, neither pg_dump nor we hold locks on these tables yet, so that anybody
 * may alter them before, while and after they are copied. What is held is nevertheless what the snapshot has:
 *
 * - DROP, TRUNCATE, ALTER TABLE, RENAME (of columns, tables, schemas) or a swap of two tables *before* the COPY has its lock: it
 *   fails, or reads what the snapshot does not mean, for a rewritten table looks empty to older snapshots, and names are
 *   looked up as of now. Whoever did it has committed by then, so that a look at the catalogs afterwards finds another
 *   version than the snapshot's, and the table is not held.
 * - The same *while* the COPY runs: it waits for our lock.
 * - The same *after* the COPY: rows that are copied already are what they are. Where it comes before the look, the table is
 *   not held, since nobody knows which came first.
 * - A transaction that has altered a table and not ended yet keeps it locked: we wait a moment, and leave it.
 * - Whatever fails, here or there, leaves tables to the ordinary way, which meets the error again if there is one.
 *
 * That a table still exists when pg_dump comes to it, and what the table of contents says of it, is not looked at here.
 */
export function copyEarly(options: EarlyTablesOptions): EarlyCopy {
  const state = { isStopped: false };
  let client: Client | undefined;
  const held = new Map<string, EarlyTable>();
  const work = async (): Promise<void> => {
    try {
      client = await connect(options.settings, {
        applicationName: "ngwbackup early copy",
        lockTimeoutMs: lockWaitMs,
        bulkReads: true,
      });
      await copySmall(client, options, held, state);
    } catch {
      // What is held is good, and the rest is copied the ordinary way.
    }
  };
  const ended = work();
  const finish = async (): Promise<ReadonlyMap<string, EarlyTable>> => {
    state.isStopped = true;
    await ended;
    return held;
  };
  return {
    finish,
    async close() {
      await finish();
      await client?.end().catch(() => undefined);
    },
  };
}

/** @param held gets each table as soon as it is certain */
async function copySmall(
  client: Client,
  options: EarlyTablesOptions,
  held: Map<string, EarlyTable>,
  state: { readonly isStopped: boolean },
): Promise<void> {
  const small = new Map(
    options.saved.flatMap(({ oid, sizeBytes }) => (sizeBytes <= smallTableBytes ? [[oid, sizeBytes]] : [])),
  );
  await importSnapshot(client, options.snapshot.id);
  const tables = await tableStates(client, [...small.keys()]);
  await client.query("rollback");
  const limitBytes = options.limitBytes ?? defaultLimitBytes;
  const packer = new TablePacker({ ...options, digest: options.earlier.digest, readLimit: undefined, tableTextBytes });
  let heldBytes = 0;
  let failures = 0;
  for (let next = 0; next < tables.length && heldBytes < limitBytes && !state.isStopped;) {
    const { copied, error } = await copySome(client, options, packer, tables.slice(next, next + tablesPerTransaction));
    for (const [table, packed] of await unchanged(client, copied)) {
      const { oid, schema, name, columns } = table;
      held.set(oid, { schema, name, columns, sizeBytes: small.get(oid) ?? 0, packed });
      heldBytes += packed.content.length + tableOverheadBytes;
    }
    next += copied.size;
    if (error === undefined) continue;
    // The one that failed is left to the ordinary way.
    next += 1;
    failures += 1;
    if (failures === failuresAtMost || sqlState(error) === outOfSharedMemory) return;
  }
}

/** The server's lock table is full: whoever needs locks more than we do, pg_dump first, shall have them. */
const outOfSharedMemory = "53200";

/**
 * Copies tables in one transaction, in order, up to one that fails.
 * @throws what happened when the session cannot be used further
 */
async function copySome(
  client: Client,
  { snapshot, encoding, signal, earlier }: EarlyTablesOptions,
  packer: TablePacker,
  tables: readonly TableState[],
): Promise<{ copied: Map<TableState, PackedTable>; error?: unknown }> {
  const copied = new Map<TableState, PackedTable>();
  await importSnapshot(client, snapshot.id, encoding);
  try {
    for (let start = 0; start < tables.length; start += runTables) {
      const run = tables.slice(start, start + runTables);
      const statements = run.map(({ schema, name, columns }) => copyStatement(schema, name, columns));
      await packer.copy(
        client,
        statements,
        (place) => run[place] && earlier.blocksOf(run[place].schema, run[place].name),
        (place, packed) => void copied.set(run[place]!, packed),
        signal,
      );
    }
    return { copied };
  } catch (error) {
    return { copied, error };
  } finally {
    await client.query("rollback");
  }
}

/** Those that nobody has altered between the snapshot and now, as the transactions that have committed by now tell. */
async function unchanged(
  client: Client,
  copied: ReadonlyMap<TableState, PackedTable>,
): Promise<[TableState, PackedTable][]> {
  if (copied.size === 0) return [];
  const now = await tableStates(
    client,
    Array.from(copied.keys(), ({ oid }) => oid),
  );
  const versions = new Map(now.map(({ oid, version }) => [oid, version]));
  return [...copied].filter(([{ oid, version }]) => versions.get(oid) === version);
}
