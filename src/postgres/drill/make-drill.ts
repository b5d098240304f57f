import { RefusedError } from "../../errors.ts";
import type { Client } from "../connection.ts";
import { quoteIdentifier, quoteLiteral } from "../quoting.ts";
import { scramVerifier } from "../scram-verifier.ts";
import { commentOnDatabase, encodeDatabaseMarker, sessionOf } from "../side-by-side/database-marker.ts";

/** The role that makes databases for drills. */
export interface DrillOperator {
  role: string;
  isSuperuser: boolean;
}

/** Who we are on a server. @throws RefusedError for a role that may not make databases */
export async function readDrillOperator(client: Client): Promise<DrillOperator> {
  const { rows } = await client.query<DrillOperator & { createDb: boolean }>(
    `SELECT rolname::text AS role, rolsuper AS "isSuperuser", rolcreatedb OR rolsuper AS "createDb"
       FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );
  const { role, isSuperuser, createDb } = rows[0]!;
  if (createDb) return { role, isSuperuser };
  throw new RefusedError("drill-createdb", `role ${role} may not create databases on the drill's server`, {
    hints: [`as an administrator: ALTER ROLE ${quoteIdentifier(role)} CREATEDB;`],
  });
}

/**
 * Makes a role that owns a drill's databases and can do nothing else, marked from its first moment.
 * @param client of a superuser
 * @param password of ASCII characters; only its verifier reaches the server
 */
export async function createDrillRole(client: Client, name: string, password: string, now: Date): Promise<void> {
  const role = quoteIdentifier(name);
  const marker = quoteLiteral(await markerOf(client, name, now));
  await client.query("BEGIN");
  try {
    await client.query(
      `CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${quoteLiteral(scramVerifier(password))}`,
    );
    await client.query(`COMMENT ON ROLE ${role} IS ${marker}`);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

/** Says in a database's comment that it is a drill's. */
export async function markDrillDatabase(client: Client, name: string, now: Date): Promise<void> {
  await client.query(commentOnDatabase(name, await markerOf(client, name, now)));
}

async function markerOf(client: Client, name: string, now: Date): Promise<string> {
  return encodeDatabaseMarker({
    kind: "drill",
    runId: name.slice(-10),
    of: name,
    createdAt: now.toISOString(),
    keepUntil: null,
    ...(await sessionOf(client)),
    comment: null,
  });
}
