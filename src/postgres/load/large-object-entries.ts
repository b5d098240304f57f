import { DamagedError } from "../../errors.ts";
import { quoteLiteral } from "../quoting.ts";
import type { TocEntry } from "../toc.ts";

/**
 * SQL that creates the large objects of a BLOB entry (one each, with its statement, up to PostgreSQL 16) or of a
 * BLOB METADATA entry (a list of numbers, from 17 on); "" for the BLOBS entry, which holds only data.
 * @throws DamagedError when a list holds something else than numbers
 */
export function largeObjectSql(entry: TocEntry): string {
  if (entry.description === "BLOBS") return "";
  const definition = entry.definition ?? "";
  if (entry.description === "BLOB") return definition;
  const oids = definition.split("\n").filter((line) => line !== "");
  const wrong = oids.find((oid) => !/^[1-9]\d{0,9}$/.test(oid));
  if (wrong !== undefined) {
    throw new DamagedError(
      "bad-large-object",
      `entry ${entry.dumpId} lists ${JSON.stringify(wrong.slice(0, 40))} where the number of a large object is expected`,
    );
  }
  return oids.map((oid) => `SELECT pg_catalog.lo_create(${quoteLiteral(oid)});\n`).join("");
}
