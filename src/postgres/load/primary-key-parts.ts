import { quoteIdentifier } from "../quoting.ts";
import type { PlannedEntry } from "./load-order.ts";

const word = String.raw`[\p{L}_][\p{L}\p{N}_$]*`;
const name = String.raw`(?:${word}|"(?:[^"\0]|"")+")`;
const simpleKey = new RegExp(
  String.raw`^ALTER TABLE ONLY (${name}\.${name})\s+ADD CONSTRAINT (${name}) (PRIMARY KEY|UNIQUE) (\(${name}(?:, ${name})*\));\s*$`,
  "u",
);

/**
 * Cuts a primary key or unique constraint in two: the index, which can be built beside other indexes of its table, and the
 * constraint on it, which takes the whole table but only for a moment.
 * @returns undefined for a constraint of any other form
 */
export function splitKey(planned: PlannedEntry): { index: PlannedEntry; constraint: PlannedEntry } | undefined {
  const match = simpleKey.exec(planned.sql);
  if (planned.class !== "constraint" || match === null) return undefined;
  const [, table, key = "", kind, columns] = match;
  const unquoted = key.startsWith('"') ? key.slice(1, -1).replaceAll('""', '"') : key;
  const quoted = quoteIdentifier(unquoted);
  return {
    index: {
      ...planned,
      class: "index",
      sql: `CREATE UNIQUE INDEX ${quoted} ON ONLY ${table} USING btree ${columns};`,
    },
    constraint: {
      ...planned,
      sql: `ALTER TABLE ONLY ${table} ADD CONSTRAINT ${quoted} ${kind} USING INDEX ${quoted};`,
    },
  };
}
