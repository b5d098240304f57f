import { join } from "node:path";
import { expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { finalLockNeed } from "../../../src/postgres/in-place/final-locks.ts";
import { planFor } from "../../../src/postgres/in-place/in-place-restore.ts";
import { withSession } from "../../../src/postgres/in-place/kept-states.ts";
import { sortLiveSchemas } from "../../../src/postgres/in-place/move-aside.ts";
import type { DumpSource } from "../../../src/postgres/load/dump-source.ts";
import { createEntries, lockFinding, lockNeed, readLockSpace } from "../../../src/postgres/lock-space.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { fingerprintDatabase, restoreInPlace } from "./helpers.ts";

/** As many as it takes to exceed what one transaction could hold at the default settings; 1000 by hand. */
const layers = Number(process.env["NGWBACKUP_TEST_LAYERS"] ?? "150");

interface Measured {
  /** Entries of the lock table: one for each thing that is locked, however often. */
  entries: number;
  /** Tables of renamed schemas that are locked because there is room. */
  spare: number;
}

/** Restores and counts what the final transaction has locked when all is loaded. */
async function measure(into: TestDatabase, source: DumpSource): Promise<Measured> {
  const measured: Measured = { entries: 0, spare: 0 };
  await restoreInPlace(into.settings, source, {
    keepUntil: false,
    async afterLoad(client) {
      const { rows } = await client.query<Measured>(`
        WITH held AS (SELECT locktype, database, relation, transactionid, classid, objid, objsubid, virtualxid,
                             pg_catalog.bool_and(mode = 'ShareLock') AS spare
                        FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() GROUP BY 1, 2, 3, 4, 5, 6, 7, 8)
        SELECT count(*) FILTER (WHERE NOT spare)::integer AS entries, count(*) FILTER (WHERE spare)::integer AS spare FROM held`);
      Object.assign(measured, rows[0]);
    },
  });
  return measured;
}

function predict(into: TestDatabase, source: DumpSource): Promise<number> {
  return withSession(into.settings, async (client) => {
    const staging = await planFor(client, { source });
    return (await finalLockNeed(client, await sortLiveSchemas(client), staging)).total;
  });
}

test(`${layers} layers of 5.5's shape over as many others, with locks as predicted`, { timeout: 900_000 }, async () => {
  const folder = await tempFolder();
  const [from, into] = [await createTestDatabase(), await createTestDatabase()];
  const scale = { ...tinyScale, emptyLayers: layers };
  try {
    await createInstance({ settings: from.settings, sdir: join(folder, "a"), scale, seed: "a" });
    await createInstance({ settings: into.settings, sdir: join(folder, "b"), scale, seed: "b" });
    const source = await openDumpFolder(await dumpToFolder(from.settings, join(folder, "dump")));
    const predicted = await predict(into, source);
    const started = performance.now();
    const { entries, spare } = await measure(into, source);
    const seconds = (performance.now() - started) / 1000;
    console.log(`predicted ${predicted}, measured ${entries} and ${spare} to spare, ${seconds.toFixed(1)} s`);
    expect(entries).toBeLessThanOrEqual(predicted);
    // a bound that is far too high would refuse what fits
    expect(predicted).toBeLessThan(entries * 2 + 200);
    expect(predicted).toBeLessThan(1500);
    if (layers <= 1000) expect(spare).toBeGreaterThanOrEqual(3 * layers);
    expect(await fingerprintDatabase(into.settings)).toEqual(await fingerprintDatabase(from.settings));
  } finally {
    await from.drop();
    await into.drop();
  }
});

test("a schema that must be made in the final transaction is refused when the locks do not fit", async () => {
  const folder = await tempFolder();
  const [from, into] = [await createTestDatabase(), await createTestDatabase()];
  try {
    await withClient(from.settings, (client) =>
      client.query(`CREATE SCHEMA many; CREATE TYPE many.mood AS ENUM ('a');
        DO $$ BEGIN FOR n IN 1..60 LOOP
          EXECUTE format('CREATE TABLE many.%I (id serial PRIMARY KEY, t text, m many.mood UNIQUE, p integer REFERENCES many.%I)',
                         't' || n, 't' || n);
          EXECUTE format('CREATE VIEW many.%I AS SELECT * FROM many.%I', 'v' || n, 't' || n);
        END LOOP; END $$`),
    );
    const source = await openDumpFolder(await dumpToFolder(from.settings, join(folder, "dump")));
    const predicted = await predict(into, source);
    const { entries } = await measure(into, source);
    expect(entries).toBeLessThanOrEqual(predicted);
    expect(predicted).toBeLessThan(entries * 1.5 + 200);
    // over itself: the schema is renamed, so there is hardly more to it
    const over = await predict(into, source);
    const again = await measure(into, source);
    expect(again.entries).toBeLessThanOrEqual(over);

    const space = await withClient(into.settings, (client) => readLockSpace(client));
    expect(space.entries).toBe(space.slots * space.maxLocksPerTransaction);
    const creating = createEntries(source.toc.entries);
    const finding = lockFinding(lockNeed(10, creating), { maxLocksPerTransaction: 10, slots: 30, entries: 300 });
    expect(finding.level).toBe("fail");
    expect(Number(/max_locks_per_transaction = (\d+)/.exec(finding.hint ?? "")?.[1]) * 30).toBeGreaterThan(creating);
    expect(lockFinding(lockNeed(10, creating), space).level).toBe("ok");
  } finally {
    await from.drop();
    await into.drop();
  }
});
