import type { Client } from "pg";
import type { Random } from "../random.ts";
import { changedTables } from "./tables.ts";

/** Something that happens to a database between two backups. */
export interface Change {
  name: string;
  /** Done in one session, outside of a transaction. */
  make(client: Client, random: Random): Promise<void>;
}

const runs = (name: string, statements: (random: Random) => readonly string[]): Change => ({
  name,
  async make(client, random) {
    for (const statement of statements(random)) await client.query(statement);
  },
});

const some = (random: Random): string => random.oneOf(changedTables);
/** A few rows, wherever they stand. */
const fewOf = (random: Random, of = ""): string => `${of}id % 1000 = ${random.below(600)}`;
const copyRows = (table: string, id: string, where: string, rest: string): string =>
  `INSERT INTO ${table} SELECT r.* FROM ${table} t, LATERAL jsonb_populate_record(t, jsonb_build_object('id', ${id})) r WHERE ${where} ${rest}`;

/** As many rows go as come, which a number alone does not show. */
const replaced = (table: string, where: string): string[] => [
  `CREATE TEMPORARY TABLE gone AS SELECT * FROM ${table} WHERE ${where}`,
  `DELETE FROM ${table} WHERE ${where}`,
];

/** Changes that are done when the backup begins. */
export const changes: readonly Change[] = [
  runs("nothing", () => []),
  runs("rows added", (random) => [copyRows(some(random), "t.id + 1000000", fewOf(random, "t."), "LIMIT 5")]),
  runs("rows removed", (random) => [`DELETE FROM ${some(random)} WHERE ${fewOf(random)}`]),
  runs("rows changed", (random) => [`UPDATE ${some(random)} SET note = left(note, 200) || '!' WHERE ${fewOf(random)}`]),
  runs("rows written again as they were", (random) => [
    `UPDATE ${some(random)} SET note = note WHERE ${fewOf(random)}`,
  ]),
  runs("rows replaced by as many", (random) => {
    const table = some(random);
    const vacuum = random.oneOf([[`VACUUM ${table}`], []]);
    return [
      ...replaced(table, fewOf(random)),
      ...vacuum,
      `INSERT INTO ${table} SELECT r.* FROM gone t, LATERAL jsonb_populate_record(t, '{"note": "another"}') r`,
      "DROP TABLE gone",
    ];
  }),
  runs("rows locked", (random) => [`SELECT FROM ${some(random)} WHERE ${fewOf(random)} FOR UPDATE`]),
  runs("a change taken back", (random) => {
    const table = some(random);
    return ["BEGIN", `DELETE FROM ${table}`, copyRows("kinds", "-1", "true", "LIMIT 900"), "ROLLBACK"];
  }),
  runs("a change taken back in part", (random) => {
    const table = some(random);
    return [
      "BEGIN; SAVEPOINT one",
      `DELETE FROM ${table} WHERE ${fewOf(random)}`,
      "ROLLBACK TO one; SAVEPOINT two",
      `UPDATE ${table} SET note = 'nested' WHERE ${fewOf(random)}`,
      "COMMIT",
    ];
  }),
  runs("everything replaced", (random) => {
    const table = some(random);
    return [
      ...replaced(table, "true"),
      `TRUNCATE ${table}`,
      `INSERT INTO ${table} SELECT r.* FROM gone t, LATERAL jsonb_populate_record(t, jsonb_build_object('id', t.id + 1)) r`,
      "DROP TABLE gone",
    ];
  }),
  runs("frozen", (random) => [`VACUUM (FREEZE) ${some(random)}`]),
  runs("vacuumed", (random) => [`VACUUM ${some(random)}`]),
  runs("written anew", (random) => [`VACUUM FULL ${some(random)}`]),
  runs("written anew in another order", (random) => {
    const table = some(random);
    return [
      `CREATE INDEX another_order ON ${table} (md5(note || ${random.below(9)}))`,
      `CLUSTER ${table} USING another_order`,
      "DROP INDEX another_order",
    ];
  }),
  runs("a column with a default", (random) => [
    `ALTER TABLE ${some(random)} ADD COLUMN IF NOT EXISTS more integer DEFAULT ${random.below(9)}`,
  ]),
  runs("a column gone", (random) => [`ALTER TABLE ${some(random)} DROP COLUMN IF EXISTS more`]),
  runs("a column gone and another of its name", (random) => {
    const table = some(random);
    return [
      `ALTER TABLE ${table} DROP COLUMN IF EXISTS more`,
      `ALTER TABLE ${table} ADD COLUMN more integer DEFAULT ${10 + random.below(90)}`,
    ];
  }),
  runs("a column of another name", (random) => {
    const table = some(random);
    return [`ALTER TABLE ${table} RENAME note TO noted`, `ALTER TABLE ${table} RENAME noted TO note`];
  }),
  runs("a column no longer computed", () => ["ALTER TABLE computed ALTER doubled DROP EXPRESSION IF EXISTS"]),
  runs("a column computed again", () => [
    "ALTER TABLE computed DROP doubled",
    "ALTER TABLE computed ADD doubled integer GENERATED ALWAYS AS (id * 2) STORED",
  ]),
  runs("another type of the same bytes", (random) => [
    `ALTER TABLE numbers ALTER value TYPE ${random.oneOf(["oid", "integer"])}`,
    `ALTER TABLE numbers ALTER note TYPE ${random.oneOf(["text", "varchar(400)"])}`,
  ]),
  runs("a word of a type renamed", (random) => [
    `DO $$ BEGIN EXECUTE (SELECT format('ALTER TYPE kind RENAME VALUE %L TO %L', enumlabel, enumlabel || ${random.below(9)})
       FROM pg_enum WHERE enumtypid = 'kind'::regtype ORDER BY enumsortorder LIMIT 1); END $$`,
  ]),
  runs("two tables swapped", () => [
    "BEGIN; ALTER TABLE one_piece RENAME TO swapped; ALTER TABLE like_it RENAME TO one_piece; ALTER TABLE swapped RENAME TO like_it; COMMIT",
  ]),
  runs("a table made anew", (random) => {
    const table = random.oneOf(["one_piece", "like_it", "numbers"]);
    return [
      "DROP TABLE IF EXISTS before",
      `ALTER TABLE ${table} RENAME TO before`,
      `CREATE TABLE ${table} AS SELECT r.* FROM before t, LATERAL jsonb_populate_record(t, jsonb_build_object('id', t.id + 1)) r`,
      "DROP TABLE before",
    ];
  }),
  runs("numbers of transactions used up", (random) => [
    `DO $$ BEGIN FOR i IN 1..${1 + random.below(300)} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`,
  ]),
];

/** Statements of a transaction that is open while the backup runs, and ended when it is done. */
export function openStatements(random: Random): string[] {
  const table = some(random);
  const change = random.oneOf([
    `DELETE FROM ${table} WHERE ${fewOf(random)}`,
    `UPDATE ${table} SET note = 'later' WHERE ${fewOf(random)}`,
    copyRows(table, "t.id + 2000000", fewOf(random, "t."), "LIMIT 3"),
  ]);
  return ["BEGIN", ...random.oneOf([[], ["SAVEPOINT one"], ["SELECT pg_current_xact_id()"]]), change];
}
