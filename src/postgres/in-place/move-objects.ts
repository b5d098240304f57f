import { AppError } from "../../errors.ts";
import type { Client } from "../connection.ts";
import { quoteIdentifier } from "../quoting.ts";
import { listObjects, objectReference } from "./owned-objects.ts";

/** Statements sent at once. */
const batchStatements = 200;

/**
 * Moves everything that the role may move from one schema to another, within the caller's transaction, which must have an
 * empty `search_path`. Indexes, constraints, triggers, row types and owned sequences follow their table; what belongs to an
 * extension stays, and so does what belongs to other roles.
 * @returns number of objects moved
 * @throws AppError when something of the role's own cannot be moved
 */
export async function moveObjects(client: Client, from: string, to: string): Promise<number> {
  let moved = 0;
  // what the server made for another object (a range's functions and multirange) follows it in some releases only
  for (const internal of [false, true]) {
    const objects = (await listObjects(client, [from])).filter(
      (object) => object.ours && (internal || !object.internal),
    );
    for (let at = 0; at < objects.length; at += batchStatements) {
      const statements = objects
        .slice(at, at + batchStatements)
        .map((object) => `ALTER ${objectReference(object)} SET SCHEMA ${quoteIdentifier(to)}`);
      await client.query(statements.join(";\n"));
    }
    moved += objects.length;
  }
  const left = (await listObjects(client, [from])).filter((object) => object.ours);
  if (left.length > 0) {
    throw new AppError("objects-stay", `${left.length} objects of schema ${from} could not be moved aside`, {
      details: left.slice(0, 20).map(objectReference),
    });
  }
  return moved;
}
