import type { Client } from "./connection.ts";

/** Bytes that one query brings. */
const pieceBytes = 2 * 1024 * 1024;

/**
 * OIDs of all large objects that the transaction's snapshot sees, as text, in order.
 * @param client in a transaction
 */
export async function listLargeObjects(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ oid: string }>(
    "SELECT oid::text AS oid FROM pg_catalog.pg_largeobject_metadata ORDER BY pg_largeobject_metadata.oid",
  );
  return rows.map(({ oid }) => oid);
}

/**
 * The bytes of a large object in pieces, as the transaction's snapshot sees them; an empty one gives none.
 * @param client in a transaction
 */
export async function* readLargeObject(client: Client, oid: string): AsyncGenerator<Buffer> {
  for (let offset = 0; ; offset += pieceBytes) {
    const { rows } = await client.query<{ piece: Buffer }>(
      "SELECT pg_catalog.lo_get($1::oid, $2::bigint, $3::integer) AS piece",
      [oid, offset, pieceBytes],
    );
    const piece = rows[0]!.piece;
    if (piece.length > 0) yield piece;
    if (piece.length < pieceBytes) return;
  }
}
