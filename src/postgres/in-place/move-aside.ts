import { AppError } from "../../errors.ts";
import type { Client } from "../connection.ts";
import { quoteIdentifier } from "../quoting.ts";
import { keepNotes, putBackNotes } from "./kept-notes.ts";
import {
  asideName,
  commentOnSchema,
  decodeMarker,
  encodeMarker,
  type Marker,
  type MarkedSchema,
  type MarkerRole,
} from "./markers.ts";
import { moveObjects } from "./move-objects.ts";
import { listObjects, listSchemas, type SchemaInfo } from "./owned-objects.ts";

/** What becomes of the schemas of the live state. */
export interface LiveSchemas {
  /** Renamed with all they hold. */
  whole: SchemaInfo[];
  /** These stay: `public`, those that hold extensions, those of other roles. */
  keepPlace: SchemaInfo[];
  /** Those that stay and hold objects of the role's own, which move out of them. */
  movedOutOf: SchemaInfo[];
}

/** Sorts the schemas of the live state; those that restores in place made are left out. */
export async function sortLiveSchemas(client: Client): Promise<LiveSchemas> {
  const holding = new Set((await listObjects(client)).filter((object) => object.ours).map((object) => object.schema));
  const live: LiveSchemas = { whole: [], keepPlace: [], movedOutOf: [] };
  for (const schema of await listSchemas(client)) {
    if (decodeMarker(schema.comment) !== undefined) continue;
    if (schema.ours && !schema.holdsExtension && schema.name !== "public") {
      live.whole.push(schema);
      continue;
    }
    live.keepPlace.push(schema);
    if (holding.has(schema.name)) live.movedOutOf.push(schema);
  }
  return live;
}

/** What the comments on schemas that go aside shall say. */
export type AsideMark = Pick<Marker, "runId" | "createdAt" | "keepUntil"> & { state: "previous" | "undone" };

/**
 * Moves the whole live state aside, under names of ours: schemas are renamed, objects of schemas that stay are moved out of
 * them, what cannot be moved is copied and deleted. Within the caller's transaction, which must have an empty `search_path`.
 * Even an empty state leaves a schema behind, of role `notes`, by which a finished switch is known.
 */
export async function moveAside(client: Client, mark: AsideMark): Promise<void> {
  const live = await sortLiveSchemas(client);
  const aside = (original: string): string => asideName(original, mark.state, mark.runId);
  const describe = (original: string, role: MarkerRole, comment: string | null): string =>
    commentOnSchema(
      role === "notes" ? notesName(mark) : aside(original),
      encodeMarker({ ...mark, original, role, comment }),
    );
  await client.query(`CREATE SCHEMA ${quoteIdentifier(notesName(mark))}; ${describe("", "notes", null)}`);
  await keepNotes(client, notesName(mark));
  for (const { name } of live.movedOutOf) {
    await client.query(`CREATE SCHEMA ${quoteIdentifier(aside(name))}; ${describe(name, "objects", null)}`);
    await moveObjects(client, name, aside(name));
  }
  for (const { name, comment } of live.whole) {
    await client.query(
      `ALTER SCHEMA ${quoteIdentifier(name)} RENAME TO ${quoteIdentifier(aside(name))}; ${describe(name, "schema", comment)}`,
    );
  }
}

function notesName(mark: AsideMark): string {
  return asideName("ngwbackup", mark.state, mark.runId);
}

/**
 * Brings a state that {@link moveAside} moved aside back under its own names. The live state must have been moved aside.
 * Within the caller's transaction, which must have an empty `search_path`.
 * @param schemas all the marked schemas of one run
 * @throws AppError when something stands where the state belongs
 */
export async function moveBack(client: Client, schemas: readonly MarkedSchema[]): Promise<void> {
  const present = new Set((await listSchemas(client)).map(({ name }) => name));
  for (const { schema, original, comment } of schemas.filter(({ role }) => role === "schema")) {
    if (present.has(original)) {
      throw new AppError("schema-in-the-way", `schema ${original} stands where the previous one belongs`);
    }
    await client.query(
      `ALTER SCHEMA ${quoteIdentifier(schema)} RENAME TO ${quoteIdentifier(original)}; ${commentOnSchema(original, comment)}`,
    );
  }
  for (const { schema, original } of schemas.filter(({ role }) => role === "objects")) {
    await moveObjects(client, schema, original);
    await client.query(`DROP SCHEMA ${quoteIdentifier(schema)}`);
  }
  for (const { schema } of schemas.filter(({ role }) => role === "notes")) await putBackNotes(client, schema);
}
