import type { Client } from "../connection.ts";
import { createEntries, lockNeed, type LockNeed } from "../lock-space.ts";
import { qualifiedName } from "../quoting.ts";
import { listLargeObjects, listObjects } from "./owned-objects.ts";
import type { LiveSchemas } from "./move-aside.ts";
import type { StagingPlan } from "./stageable-schemas.ts";

/** Part of the server's lock space that may be spent on tables which need not be locked for the switch itself. */
const spareShare = 0.6;

/** Tables locked by one statement. */
const batchTables = 500;

/** What the final transaction takes: renames, moves, and the making of what is not staged. */
export async function finalLockNeed(client: Client, live: LiveSchemas, staging: StagingPlan): Promise<LockNeed> {
  const places = new Set(live.movedOutOf.map(({ name }) => name));
  const objects = (await listObjects(client)).filter(({ ours, schema }) => ours && places.has(schema));
  const { rows } = await client.query<{ sequences: number }>(
    `select count(distinct c.oid)::integer as sequences
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
        and d.refclassid = d.classid and d.deptype in ('a', 'i')
      where c.relkind = 'S' and n.nspname = any($1::text[])`,
    [[...places]],
  );
  const largeObjects = (await listLargeObjects(client)).filter(({ ours }) => ours);
  const schemas = live.whole.length + live.movedOutOf.length * 2 + staging.staged.size * 2;
  // notes: a handful of tables, each with toast; a copy of each extension table
  const notes = 40;
  const moving = objects.length + (rows[0]?.sequences ?? 0) + largeObjects.length + schemas + notes;
  return lockNeed(moving, createEntries(staging.final.map(({ entry }) => entry)));
}

/**
 * Keeps writers away from tables in schemas that are renamed, which a rename alone does not, as far as there is room in the
 * lock table: one entry a table. Without room the checks for other sessions stand alone.
 * @returns number of tables locked
 */
export async function lockRenamedTables(
  client: Client,
  live: LiveSchemas,
  need: LockNeed,
  roomEntries: number,
): Promise<number> {
  if (live.whole.length === 0) return 0;
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname = any($1::text[]) and pg_catalog.pg_has_role(c.relowner, 'USAGE')
      order by c.oid`,
    [live.whole.map(({ name }) => name)],
  );
  if (need.total + rows.length > roomEntries * spareShare) return 0;
  for (let at = 0; at < rows.length; at += batchTables) {
    const names = rows.slice(at, at + batchTables).map(({ schema, name }) => qualifiedName(schema, name));
    await client.query(`LOCK TABLE ONLY ${names.join(", ONLY ")} IN SHARE MODE`);
  }
  return rows.length;
}
