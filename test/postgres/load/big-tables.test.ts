import { join } from "node:path";
import { expect, test } from "vitest";
import { fingerprintDatabase } from "../../../src/demo/fingerprint.ts";
import { connect } from "../../../src/postgres/connection.ts";
import { planLoad } from "../../../src/postgres/load/load-order.ts";
import { loadParallel } from "../../../src/postgres/load/load-parallel.ts";
import { dumpToFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { folderSource } from "./folder-source.ts";

const objects = `
  CREATE TABLE big (id integer PRIMARY KEY, code text, geom geometry(Point, 3857), num integer, filler text,
    CONSTRAINT big_code UNIQUE (code), CONSTRAINT big_later UNIQUE (num) DEFERRABLE,
    CONSTRAINT big_apart EXCLUDE USING gist (int4range(num, num, '[]') WITH &&), CONSTRAINT big_positive CHECK (id > 0));
  INSERT INTO big SELECT g, 'code ' || g, ST_SetSRID(ST_Point(g, -g), 3857), g, repeat('filler ', 130) FROM generate_series(1, 9000) g;
  CREATE INDEX big_geom ON big USING gist (geom);
  CREATE INDEX big_expression ON big (lower(code)) WHERE num > 7;
  ALTER TABLE big CLUSTER ON big_code;
  CREATE TABLE small (id integer PRIMARY KEY REFERENCES big, big integer REFERENCES big (id), word text REFERENCES big (code));
  INSERT INTO small SELECT g, g, 'code ' || g FROM generate_series(1, 100) g;
  CREATE TABLE parted (id integer, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
  CREATE TABLE parted_a PARTITION OF parted FOR VALUES IN ('a');
  CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
  CREATE INDEX parted_kind ON parted (kind);
  INSERT INTO parted SELECT g, chr(96 + g % 3) FROM generate_series(1, 300) g;
  CREATE TABLE refers (id integer, kind text, FOREIGN KEY (id, kind) REFERENCES parted);
  CREATE VIEW grouped AS SELECT id, code, count(*) FROM big GROUP BY id;
  CREATE MATERIALIZED VIEW counted AS SELECT kind, count(*) AS n FROM parted GROUP BY kind;
  CREATE UNIQUE INDEX counted_kind ON counted (kind);
  CREATE MATERIALIZED VIEW twice AS SELECT kind, n * 2 AS n FROM counted;
  CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''a restore fires no trigger''; END';
  CREATE TRIGGER big_touched BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION touched();
  CREATE RULE small_kept AS ON DELETE TO small DO INSTEAD NOTHING;
  ALTER TABLE small ENABLE ROW LEVEL SECURITY;
  CREATE POLICY small_all ON small USING (true);
  CREATE STATISTICS big_stats ON id, num FROM big;
  COMMENT ON CONSTRAINT big_code ON big IS 'said';
  COMMENT ON INDEX big_geom IS 'also said';`;

test.each([1, 3])(
  "a big table in parts, its indexes, and what depends on all that, over %d connections",
  async (jobs) => {
    const [from, into] = [await createTestDatabase(), await createTestDatabase()];
    try {
      await withClient(from.settings, (client) => client.query(objects));
      const folder = await dumpToFolder(from.settings, join(await tempFolder(), "dump"));
      const source = folderSource(folder, 7);
      let doneBytes = 0;
      const shares: Record<string, number[]> = {};
      const { entries } = planLoad(source.toc);
      const totals = await loadParallel({
        connect: () => connect(into.settings),
        jobs,
        entries,
        source,
        signal: new AbortController().signal,
        reporter: {
          report(event) {
            if (event.type === "progress") doneBytes = event.doneBytes;
            if (event.type === "work") (shares[event.stage] ??= []).push(event.share);
          },
        },
      });
      expect(totals).toMatchObject({ rows: 9400, entries: entries.length });
      expect(doneBytes).toBeGreaterThan(6_000_000);
      // What is told of each stage's work comes to all of what was expected of it.
      expect(Object.keys(shares)).toEqual(["schema", "rows and indexes", "constraints"]);
      for (const told of Object.values(shares)) {
        expect(told).toEqual(told.toSorted((a, b) => a - b));
        expect(told.at(-1)).toBeCloseTo(1, 3);
      }
      expect(await fingerprintDatabase(into.settings)).toEqual(await fingerprintDatabase(from.settings));
      // everything else: the dump of what was restored is the dump it came from
      const again = folderSource(await dumpToFolder(into.settings, join(await tempFolder(), "again")));
      const texts = (toc: typeof source.toc): unknown[] =>
        toc.entries
          .filter(({ description }) => description !== "ACL" && !description.startsWith("DATABASE"))
          .map(({ description, tag, definition }) => [description, tag, definition]);
      expect(texts(again.toc)).toEqual(texts(source.toc));
      const matviews = "SELECT * FROM counted UNION ALL SELECT * FROM twice ORDER BY 1, 2";
      const rows = await withClient(into.settings, async (client) => (await client.query(matviews)).rows);
      expect(rows).toHaveLength(6);
    } finally {
      await from.drop();
      await into.drop();
    }
  },
);
