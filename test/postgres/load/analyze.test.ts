import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../../src/postgres/connection.ts";
import { analyzeTables } from "../../../src/postgres/load/analyze.ts";
import { type ProgressEvent, silentReporter } from "../../../src/progress.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

test("tables of more than 50 rows get statistics, smaller ones stay without", async () => {
  await withClient(database.settings, (client) =>
    client.query(`
      CREATE SCHEMA layers; CREATE SCHEMA other;
      SET search_path = layers;
      CREATE TABLE small AS SELECT g AS id FROM generate_series(1, 50) g;
      CREATE TABLE large AS SELECT g AS id FROM generate_series(1, 51) g;
      CREATE TABLE empty (id integer PRIMARY KEY);
      CREATE TABLE no_index AS SELECT g AS id FROM generate_series(1, 5) g;
      CREATE TABLE grown AS SELECT g AS id FROM generate_series(1, 5) g;
      CREATE TABLE parent (id integer PRIMARY KEY);
      CREATE TABLE child () INHERITS (parent);
      INSERT INTO child SELECT g FROM generate_series(1, 1000) g;
      CREATE TABLE parts (id integer) PARTITION BY RANGE (id);
      CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (2000);
      INSERT INTO parts SELECT g FROM generate_series(1, 1000) g;
      CREATE INDEX ON small (id);
      CREATE INDEX ON large (id);
      CREATE INDEX ON grown (id);
      INSERT INTO grown SELECT g FROM generate_series(6, 1000) g;
      CREATE TABLE other.not_asked AS SELECT g AS id FROM generate_series(1, 1000) g`),
  );
  await analyzeTables({
    connect: () => connect(database.settings),
    jobs: 2,
    schemas: ["layers"],
    reporter: silentReporter,
    signal: new AbortController().signal,
  });
  const analyzed = await withClient(database.settings, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT DISTINCT tablename AS name FROM pg_stats WHERE schemaname IN ('layers', 'other') ORDER BY 1",
    );
    return rows.map(({ name }) => name);
  });
  expect(analyzed).toEqual(["child", "grown", "large", "no_index", "parent", "part", "parts"]);
});

test("a table that cannot be analysed is told, and a foreign one is not asked for", async () => {
  await withClient(database.admin, (client) =>
    client.query(`
      CREATE EXTENSION postgres_fdw; CREATE SCHEMA hard; SET search_path = hard, public;
      CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nowhere');
      CREATE TABLE broken AS SELECT g % 60 AS x FROM generate_series(0, 300) g;
      CREATE STATISTICS broken_stat ON (1 / x) FROM broken;
      CREATE TABLE sound AS SELECT g AS id FROM generate_series(1, 300) g;
      CREATE TABLE parts (id integer) PARTITION BY RANGE (id);
      CREATE TABLE here PARTITION OF parts FOR VALUES FROM (0) TO (2000);
      CREATE FOREIGN TABLE away PARTITION OF parts FOR VALUES FROM (2000) TO (4000) SERVER nowhere;
      INSERT INTO parts SELECT g FROM generate_series(1, 1000) g`),
  );
  const events: ProgressEvent[] = [];
  await analyzeTables({
    connect: () => connect(database.admin),
    jobs: 2,
    schemas: ["hard"],
    reporter: { report: (event) => void events.push(event) },
    signal: new AbortController().signal,
  });
  expect(events).toEqual([
    expect.objectContaining({ code: "not-analysed", details: ['"hard"."broken": division by zero'] }),
  ]);
  const analyzed = await withClient(database.admin, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT DISTINCT tablename AS name FROM pg_stats WHERE schemaname = 'hard' ORDER BY 1",
    );
    return rows.map(({ name }) => name);
  });
  expect(analyzed).toEqual(["here", "sound"]);
});
