import type { Client } from "../connection.ts";
import { quoteIdentifier, quoteLiteral } from "../quoting.ts";

/** What a database that we made, or set aside, is for. */
export type MarkerKind =
  | "restore" // being loaded; a leftover when its run is dead
  | "previous" // replaced by a restore, kept for an undo
  | "undone" // replaced by an undo, to be dropped
  | "drill"; // made by a drill, goes with it; its role is marked likewise

/** What we write into the comment of a database, so that it is recognised whoever comes across it. */
export interface DatabaseMarker {
  kind: MarkerKind;
  runId: string;
  /** Name of the instance's database. */
  of: string;
  /** RFC 3339. */
  createdAt: string;
  /** RFC 3339; null: until somebody drops it. */
  keepUntil: string | null;
  /** Session that lives as long as the run does: server process and its start, as text. */
  pid: number | null;
  startedAt: string | null;
  /** The database's own comment, which an undo puts back. */
  comment: string | null;
}

/** A database with a marker. */
export interface MarkedDatabase extends DatabaseMarker {
  name: string;
  oid: string;
  /** Whether the session that the marker names is there. */
  isAlive: boolean;
}

const prefix = "ngwbackup: ";

/** The text of a marker's comment. */
export function encodeDatabaseMarker(marker: DatabaseMarker): string {
  return prefix + JSON.stringify(marker);
}

/** Reads a database's comment; undefined when it is not a marker of ours. */
export function decodeDatabaseMarker(text: string | null): DatabaseMarker | undefined {
  if (text === null || !text.startsWith(prefix)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(prefix.length));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const string = (name: string): string | undefined => {
    const found = fields.get(name);
    return typeof found === "string" ? found : undefined;
  };
  const kind = (["restore", "previous", "undone", "drill"] as const).find((one) => one === string("kind"));
  const runId = string("runId");
  const of = string("of");
  const createdAt = string("createdAt");
  if (kind === undefined || runId === undefined || of === undefined) return undefined;
  if (createdAt === undefined || Number.isNaN(Date.parse(createdAt))) return undefined;
  const keepUntil = string("keepUntil");
  const pid = fields.get("pid");
  return {
    kind,
    runId,
    of,
    createdAt,
    keepUntil: keepUntil === undefined || Number.isNaN(Date.parse(keepUntil)) ? null : keepUntil,
    pid: typeof pid === "number" ? pid : null,
    startedAt: string("startedAt") ?? null,
    comment: string("comment") ?? null,
  };
}

/** SQL that gives a database a comment, or none. */
export function commentOnDatabase(name: string, comment: string | null): string {
  return `COMMENT ON DATABASE ${quoteIdentifier(name)} IS ${comment === null ? "NULL" : quoteLiteral(comment)}`;
}

/**
 * Databases of ours that belong to one instance: marked with its name, and owned by the owner of the instance's database,
 * so that no other role's comment can pass for ours. Newest first.
 * @param client connected to any database of the server
 * @param of name of the instance's database
 */
export async function listMarkedDatabases(client: Client, of: string): Promise<MarkedDatabase[]> {
  const { rows } = await client.query<{ oid: string; name: string; comment: string }>(
    `SELECT d.oid::text, d.datname::text AS name, s.description AS comment
       FROM pg_catalog.pg_database d
       JOIN pg_catalog.pg_shdescription s ON s.objoid = d.oid AND s.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass
      WHERE pg_catalog.starts_with(s.description, $1) AND d.datname <> $2
        AND d.datdba = coalesce((SELECT datdba FROM pg_catalog.pg_database WHERE datname = $2), d.datdba)`,
    [prefix, of],
  );
  const alive = await livingSessions(client);
  return rows
    .flatMap(({ oid, name, comment }): MarkedDatabase[] => {
      const marker = decodeDatabaseMarker(comment);
      if (marker === undefined || marker.of !== of) return [];
      const started = marker.pid === null ? undefined : alive.get(marker.pid);
      const isAlive = started !== undefined && (started === null || started === marker.startedAt);
      return [{ ...marker, oid, name, isAlive }];
    })
    .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
}

/** What a marker says of the session that it names: this one. */
export async function sessionOf(client: Client): Promise<{ pid: number; startedAt: string }> {
  const { rows } = await client.query<{ pid: number; started: string }>(
    `SELECT pid, ${startSql} AS started FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()`,
  );
  return { pid: rows[0]?.pid ?? 0, startedAt: rows[0]?.started ?? "" };
}

const startSql = "extract(epoch FROM backend_start)::text";

/** Starts of all sessions by process; null where they are hidden from us. */
async function livingSessions(client: Client): Promise<Map<number, string | null>> {
  await client.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
  const { rows } = await client.query<{ pid: number; started: string | null }>(
    `SELECT pid, ${startSql} AS started FROM pg_catalog.pg_stat_activity`,
  );
  return new Map(rows.map(({ pid, started }) => [pid, started]));
}
