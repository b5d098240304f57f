import { AppError } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import type { Client } from "../connection.ts";
import { quoteIdentifier } from "../quoting.ts";
import { dependentsFromOutside } from "./dependents.ts";
import { commentOnSchema, encodeMarker, type MarkedSchema } from "./markers.ts";
import { listObjects, objectName, type SchemaObject } from "./owned-objects.ts";
import { inTransaction } from "../load/run-batch.ts";

/** Tables dropped in one transaction: some 600 lock entries for layers of NextGIS Web 5.5's shape. */
const batchTables = 60;

/** Other objects dropped in one transaction. */
const batchOthers = 200;

/** What {@link dropMarkedSchemas} needs. */
export interface DropOptions {
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * Drops schemas of ours with all they hold, in many small transactions. They are marked first, so that what a broken run
 * leaves is never taken for a state that can be brought back. Nothing outside of them is ever dropped.
 * @param client a session without an open transaction, with an empty `search_path`
 * @throws AppError naming what stands outside and depends on something inside; nothing is dropped then
 */
export async function dropMarkedSchemas(
  client: Client,
  schemas: readonly MarkedSchema[],
  options: DropOptions,
): Promise<void> {
  if (schemas.length === 0) return;
  const names = schemas.map(({ schema }) => schema);
  await refuseOutsiders(client, names);
  await inTransaction(client, async () => {
    for (const { schema, ...marker } of schemas)
      await client.query(commentOnSchema(schema, encodeMarker({ ...marker, state: "dropping" })));
  });
  const objects = (await listObjects(client, names)).filter(({ internal }) => !internal);
  const parents = await partitionDepths(client);
  const relations = objects
    .filter(({ catalog }) => catalog === "pg_class")
    // a partition before its parent, or the parent's drop would take all of them at once
    .toSorted((a, b) => (parents.get(b.oid) ?? 0) - (parents.get(a.oid) ?? 0));
  options.reporter.report({
    type: "message",
    message: `dropping ${relations.length} tables, views and sequences set aside`,
  });
  await dropInBatches(client, relations, batchTables, options);
  const others = objects.filter(({ catalog }) => catalog !== "pg_class");
  if (others.length > batchOthers) await dropInBatches(client, others, batchOthers, options);
  // what takes long gives others time to refer to what is left
  await refuseOutsiders(client, names);
  for (const name of names) {
    await inTransaction(client, async () => {
      await client.query(`DROP SCHEMA IF EXISTS ${quoteIdentifier(name)} CASCADE`);
    });
  }
}

async function dropInBatches(
  client: Client,
  objects: readonly SchemaObject[],
  size: number,
  { signal }: DropOptions,
): Promise<void> {
  for (let at = 0; at < objects.length; at += size) {
    signal.throwIfAborted();
    const statements = objects
      .slice(at, at + size)
      .map((object) => `DROP ${object.kind} IF EXISTS ${objectName(object)} CASCADE`);
    await inTransaction(client, async () => {
      await client.query("SET LOCAL client_min_messages = error");
      await client.query(statements.join(";\n"));
    });
  }
}

async function refuseOutsiders(client: Client, schemas: readonly string[]): Promise<void> {
  const outside = await dependentsFromOutside(client, schemas);
  if (outside.length === 0) return;
  throw new AppError(
    "kept-state-in-use",
    "what was set aside cannot be dropped, because something else depends on it",
    {
      details: outside
        .slice(0, 20)
        .map(({ dependent, owner, needs }) => `${dependent} of role ${owner} needs ${needs}`),
      hints: ["drop or change these objects, then run the command again"],
    },
  );
}

/** How many partitioned tables or parents stand above a table. */
async function partitionDepths(client: Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ oid: string; depth: number }>(`
    with recursive below(oid, depth) as (
      select i.inhrelid, 1 from pg_catalog.pg_inherits i
       where not exists (select from pg_catalog.pg_inherits p where p.inhrelid = i.inhparent)
      union
      select i.inhrelid, b.depth + 1 from pg_catalog.pg_inherits i join below b on b.oid = i.inhparent)
    select oid::text as oid, max(depth)::integer as depth from below group by oid`);
  return new Map(rows.map(({ oid, depth }) => [oid, depth]));
}
