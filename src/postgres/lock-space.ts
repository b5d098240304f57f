import type { Finding } from "../finding.ts";
import type { Client } from "./connection.ts";
import type { TocEntry } from "./toc.ts";

/** Room for locks in the server's shared memory, which all its sessions share. */
export interface LockSpace {
  maxLocksPerTransaction: number;
  /** Sessions and prepared transactions that the table is sized for. */
  slots: number;
  /** Entries that fit for certain: the product. More fits at times; never rely on it. */
  entries: number;
}

/** Entries that one transaction takes, by what it does. */
export interface LockNeed {
  /** Renaming and moving what is there. */
  moving: number;
  /** Making what the archive holds. */
  creating: number;
  /** Catalogs, their indexes, the transaction itself. */
  base: number;
  total: number;
}

/** Locks on catalogs and their indexes that DDL of every kind takes; measured 60 to 110. */
const baseEntries = 130;

/** Entries by description, for a table with all it can have: its toast table, that one's index, its row type. */
const entriesByDescription: Readonly<Record<string, number>> = {
  TABLE: 4,
  "FOREIGN TABLE": 2,
  "MATERIALIZED VIEW": 4,
  VIEW: 2,
  SEQUENCE: 1,
  INDEX: 1,
  CONSTRAINT: 2,
  "CHECK CONSTRAINT": 1,
  "FK CONSTRAINT": 1,
  SCHEMA: 1,
  TYPE: 3,
  DOMAIN: 2,
  "TABLE DATA": 0,
  "SEQUENCE SET": 0,
  "SEQUENCE OWNED BY": 0,
  DEFAULT: 0,
  "TABLE ATTACH": 1,
  "INDEX ATTACH": 0,
  BLOBS: 0,
};

/**
 * What creating the entries of a table of contents takes, an upper bound: whether a table needs a toast table is not known
 * before it stands.
 * @param largeObjects number of large objects among them (from PostgreSQL 17 on an entry stands for several)
 */
export function createEntries(entries: Iterable<TocEntry>): number {
  let total = 0;
  for (const entry of entries) {
    if (entry.description === "COMMENT") {
      // a comment on a table or column locks what is locked already
      total += /^(?:TABLE|COLUMN|VIEW|SEQUENCE|INDEX|MATERIALIZED VIEW) /.test(entry.tag) ? 0 : 1;
    } else if (entry.description === "BLOB METADATA") {
      total += 1 + (entry.definition?.split("\n").length ?? 0);
    } else {
      total += entriesByDescription[entry.description] ?? 1;
    }
  }
  return total;
}

/** What a transaction takes that moves some objects and makes others. */
export function lockNeed(moving: number, creating: number): LockNeed {
  return { moving, creating, base: baseEntries, total: moving + creating + baseEntries };
}

/** Reads how much room the server has. */
export async function readLockSpace(client: Client): Promise<LockSpace> {
  const { rows } = await client.query<{ per: number; slots: number }>(`
    SELECT pg_catalog.current_setting('max_locks_per_transaction')::integer AS per,
           1 + pg_catalog.sum(setting::integer)::integer AS slots
      FROM pg_catalog.pg_settings
     WHERE name IN ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions')
        -- the first of these came with PostgreSQL 18 and sizes the table in the other's place
        OR name = coalesce((SELECT name FROM pg_catalog.pg_settings WHERE name = 'autovacuum_worker_slots'),
                           'autovacuum_max_workers')`);
  const { per, slots } = rows[0] ?? { per: 64, slots: 1 };
  return { maxLocksPerTransaction: per, slots, entries: per * slots };
}

/** Whether the need fits, with the remedies where it does not. */
export function lockFinding(need: LockNeed, space: LockSpace): Finding {
  const figures = `the final transaction of a restore in place takes up to ${need.total} lock entries, and the server has room for ${space.entries}`;
  if (need.total <= space.entries) return { level: "ok", check: "lock-space", message: figures };
  const wanted = Math.ceil((need.total * 1.25) / space.slots / 64) * 64;
  return {
    level: "fail",
    check: "lock-space",
    message: figures,
    details: [
      `${need.moving} to move aside what is there, ${need.creating} to make what the archive holds, ${need.base} others`,
      `max_locks_per_transaction is ${space.maxLocksPerTransaction}, for ${space.slots} sessions`,
    ],
    hint: `ALTER SYSTEM SET max_locks_per_transaction = ${wanted};  -- as superuser, then restart PostgreSQL; or restore with --side-by-side`,
  };
}
