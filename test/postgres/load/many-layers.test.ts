import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { fingerprintDatabase } from "../../../src/demo/fingerprint.ts";
import { connect } from "../../../src/postgres/connection.ts";
import { planLoad } from "../../../src/postgres/load/load-order.ts";
import { loadParallel } from "../../../src/postgres/load/load-parallel.ts";
import { silentReporter } from "../../../src/progress.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

const layers = Number(process.env["NGWBACKUP_TEST_LAYERS"] ?? 300);

/** Three tables, a sequence, indexes, an exclusion constraint and foreign keys: a layer of NextGIS Web 5.5's shape. */
const layerSql = (from: number, to: number): string => `DO $$ DECLARE l text; BEGIN FOR n IN ${from}..${to} LOOP
  l := 'layer_' || md5(n::text);
  EXECUTE format('CREATE SEQUENCE vector_layer.%I', l || '_id_seq');
  EXECUTE format('CREATE TABLE vector_layer.%I (fid integer PRIMARY KEY, vid integer, did integer)', l || '_e');
  EXECUTE format('CREATE TABLE vector_layer.%I (id integer PRIMARY KEY DEFAULT nextval(%L), geom geometry(Point, 3857), fld_1 text)', l, 'vector_layer.' || l || '_id_seq');
  EXECUTE format('CREATE TABLE vector_layer.%I (fid integer, vid integer, nid integer, geom geometry(Point, 3857), fld_1 text, PRIMARY KEY (fid, vid), EXCLUDE USING gist (int4range(vid, nid) WITH &&, int4range(fid, fid, ''[]'') WITH &&))', l || '_h');
  EXECUTE format('CREATE INDEX ON vector_layer.%I USING gist (geom)', l);
  EXECUTE format('CREATE INDEX ON vector_layer.%I USING gist (geom)', l || '_h');
  EXECUTE format('ALTER TABLE vector_layer.%I ADD FOREIGN KEY (id) REFERENCES vector_layer.%I (fid) DEFERRABLE INITIALLY DEFERRED', l, l || '_e');
  EXECUTE format('ALTER TABLE vector_layer.%I ADD FOREIGN KEY (fid) REFERENCES vector_layer.%I (fid) DEFERRABLE INITIALLY DEFERRED', l || '_h', l || '_e');
  EXECUTE format('INSERT INTO vector_layer.%I SELECT g, 1, 1 FROM generate_series(1, 5) g', l || '_e');
  EXECUTE format('INSERT INTO vector_layer.%I (geom, fld_1) SELECT ST_SetSRID(ST_Point(g, g), 3857), ''x'' FROM generate_series(1, 5) g', l);
END LOOP; END $$`;

test(`${layers} layers load in parallel with few locks at a time`, { timeout: 300_000 + layers * 1000 }, async () => {
  const [from, into] = [await createTestDatabase(), await createTestDatabase()];
  try {
    await withClient(from.settings, async (client) => {
      await client.query("CREATE SCHEMA vector_layer");
      for (let at = 1; at <= layers; at += 50) await client.query(layerSql(at, Math.min(at + 49, layers)));
    });
    const folder = await dumpToFolder(from.settings, join(await tempFolder(), "dump"));
    const source = await openDumpFolder(folder);
    const { entries } = planLoad(source.toc);
    const watch = watchLocks(into);
    await loadParallel({
      connect: () => connect(into.settings),
      jobs: 3,
      entries,
      source,
      reporter: silentReporter,
      signal: new AbortController().signal,
    });
    const most = await watch.stop();
    expect(await fingerprintDatabase(into.settings)).toEqual(await fingerprintDatabase(from.settings));
    expect(most).toBeLessThan(2000);
  } finally {
    await from.drop();
    await into.drop();
  }
});

/** Counts the lock entries in a database again and again, and tells the most there were. */
function watchLocks(database: TestDatabase): { stop(): Promise<number> } {
  let stopped = false;
  const watching = withClient({ ...database.admin, database: "postgres" }, async (client) => {
    let most = 0;
    while (!stopped) {
      const { rows } = await client.query<{ locks: number }>(
        "SELECT count(*)::integer AS locks FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = $1 AND NOT fastpath",
        [database.name],
      );
      most = Math.max(most, rows[0]?.locks ?? 0);
      await sleep(5);
    }
    return most;
  });
  return {
    stop() {
      stopped = true;
      return watching;
    },
  };
}
