import type { Client } from "../connection.ts";
import { quoteIdentifier, quoteLiteral } from "../quoting.ts";

/** How a schema of ours came to be: `new` is loaded aside, `previous` can be brought back, the other two await dropping. */
export type MarkerState = "new" | "previous" | "undone" | "dropping";

/** What a schema of ours holds. */
export type MarkerRole =
  | "schema" // a whole schema, renamed
  | "objects" // objects moved out of a schema that stays, as `public` does
  | "notes"; // our own tables: rows of extension tables, large objects

/** What the comment on a schema of ours says. */
export interface Marker {
  runId: string;
  state: MarkerState;
  role: MarkerRole;
  /** Name of the schema that this one is, was, or will be. */
  original: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  /** When it may be dropped, RFC 3339; null: not before somebody says so. */
  keepUntil: string | null;
  /** The comment that the schema had before ours. */
  comment: string | null;
}

/** A schema of ours as it stands in the database. */
export interface MarkedSchema extends Marker {
  schema: string;
}

/** How the comment on every schema of ours begins. */
export const markerPrefix = "ngwbackup in-place ";
const states: readonly string[] = ["new", "previous", "undone", "dropping"] satisfies MarkerState[];
const roles: readonly string[] = ["schema", "objects", "notes"] satisfies MarkerRole[];

/** The comment that marks a schema as ours. */
export function encodeMarker(marker: Marker): string {
  const { runId, state, role, original, createdAt, keepUntil, comment } = marker;
  return markerPrefix + JSON.stringify({ runId, state, role, original, createdAt, keepUntil, comment });
}

/** What a schema's comment says; undefined when it is not one of ours. */
export function decodeMarker(text: string | null): Marker | undefined {
  if (text === null || !text.startsWith(markerPrefix)) return undefined;
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(text.slice(markerPrefix.length)) as Record<string, unknown> | null;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { runId, state, role, original, createdAt, keepUntil, comment } = value;
  if (typeof runId !== "string" || !/^[a-z0-9]{4,20}$/.test(runId)) return undefined;
  if (typeof state !== "string" || !states.includes(state) || typeof role !== "string" || !roles.includes(role))
    return undefined;
  if (typeof original !== "string" || typeof createdAt !== "string" || Number.isNaN(Date.parse(createdAt)))
    return undefined;
  if (!isTextOrNull(keepUntil) || !isTextOrNull(comment)) return undefined;
  return { runId, state: state as MarkerState, role: role as MarkerRole, original, createdAt, keepUntil, comment };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

/** Whether a comment in an archive marks a kept state of the instance that was backed up. */
export function isMarkerComment(definition: string): boolean {
  return definition.includes(`'${markerPrefix}{`);
}

/**
 * Schemas in this database that a restore in place made: by our comment, and only where the role has the owner's rights.
 * Whoever backs the database up leaves them out.
 */
export async function listMarkedSchemas(client: Client): Promise<MarkedSchema[]> {
  const { rows } = await client.query<{ name: string; comment: string | null }>(
    `select n.nspname as name, pg_catalog.obj_description(n.oid, 'pg_namespace') as comment
       from pg_catalog.pg_namespace n where pg_catalog.pg_has_role(n.nspowner, 'USAGE')
        and pg_catalog.starts_with(pg_catalog.obj_description(n.oid, 'pg_namespace'), $1) order by n.nspname`,
    [markerPrefix],
  );
  return rows.flatMap(({ name, comment }) => {
    const marker = decodeMarker(comment);
    return marker === undefined ? [] : [{ ...marker, schema: name }];
  });
}

/** SQL that sets a schema's comment. */
export function commentOnSchema(schema: string, comment: string | null): string {
  return `COMMENT ON SCHEMA ${quoteIdentifier(schema)} IS ${comment === null ? "NULL" : quoteLiteral(comment)}`;
}

/** `vector_layer__previous_k3f9a2`: the name of a schema of ours; no longer than PostgreSQL allows (63 bytes). */
export function asideName(original: string, state: MarkerState, runId: string): string {
  const suffix = `__${state}_${runId}`;
  let stem = original;
  while (Buffer.byteLength(stem) + suffix.length > 63) stem = Array.from(stem).slice(0, -1).join("");
  return stem + suffix;
}
