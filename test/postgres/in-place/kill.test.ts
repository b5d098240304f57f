import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { findLeftovers, findPrevious } from "../../../src/postgres/in-place/kept-states.ts";
import { undoInPlace } from "../../../src/postgres/in-place/undo.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { fingerprintDatabase, inPlaceOptions, restoreInPlace } from "./helpers.ts";

const state = (name: string, tables: number): string => `
  CREATE SCHEMA vector_layer;
  CREATE TABLE ${name} (id serial PRIMARY KEY, geom geometry(Point, 3857));
  INSERT INTO ${name} (geom) SELECT ST_SetSRID(ST_Point(g, g), 3857) FROM generate_series(1, 20000) g;
  DO $$ BEGIN FOR n IN 1..${tables} LOOP
    EXECUTE format('CREATE TABLE public.%I (id integer PRIMARY KEY, parent integer REFERENCES public.${name})', '${name}_' || n);
    EXECUTE format('CREATE TABLE vector_layer.%I (id serial PRIMARY KEY, n text)', '${name}_' || n);
    EXECUTE format('INSERT INTO vector_layer.%I (n) SELECT repeat(''x'', 200) FROM generate_series(1, 200)', '${name}_' || n);
  END LOOP; END $$;
  SELECT lo_from_bytea(${tables}, '${name}')`;

test(
  "killed at any moment, the old or the new state is whole, and the next run clears up",
  { timeout: 300_000 },
  async () => {
    const folder = await tempFolder();
    const [from, into] = [await createTestDatabase(), await createTestDatabase()];
    try {
      await withClient(from.settings, (client) => client.query(state("new_one", 40)));
      await withClient(into.settings, (client) => client.query(state("old_one", 30)));
      const dump = await dumpToFolder(from.settings, `${folder}/dump`);
      const after = await fingerprintDatabase(from.settings);
      const [liveBefore, liveAfter] = [await liveState(into), await liveState(from)];
      const source = await openDumpFolder(dump);
      const seen = { old: 0, new: 0 };
      const whole = await runAndKill(into, dump, undefined);
      expect(await liveState(into)).toEqual(liveAfter);
      await undoInPlace(inPlaceOptions(into.settings, source));
      for (let at = 1; at <= 8; at++) {
        await runAndKill(into, dump, (whole * (at + Math.random() * 0.8 - 0.4)) / 8);
        await sessionsGone(into);
        if ((await findPrevious(into.settings)).length > 0) {
          seen.new++;
          expect(await liveState(into)).toEqual(liveAfter);
          await undoInPlace(inPlaceOptions(into.settings, source));
        } else {
          seen.old++;
        }
        expect(await liveState(into)).toEqual(liveBefore);
      }
      expect(seen.old).toBeGreaterThan(0);
      await restoreInPlace(into.settings, source, { keepUntil: false });
      expect(await findLeftovers(into.settings)).toEqual([]);
      expect(await fingerprintDatabase(into.settings)).toEqual(after);
    } finally {
      await from.drop();
      await into.drop();
    }
  },
);

/** Runs a restore in a child and kills it after some time; resolves to the time it ran. */
async function runAndKill(database: TestDatabase, dump: string, afterMs: number | undefined): Promise<number> {
  const { host, port, database: name, user } = database.settings;
  const script = join(import.meta.dirname, "child-restore.ts");
  const started = performance.now();
  const child = spawn(process.execPath, [script, JSON.stringify({ host, port, database: name, user }), dump], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (messages += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const timer = afterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), afterMs);
  const code = await ended;
  clearTimeout(timer);
  if (code !== 0 && code !== null) throw new Error(`the restore failed: ${messages}`);
  return performance.now() - started;
}

/** The server notices within a second that its client is dead. */
async function sessionsGone(database: TestDatabase): Promise<void> {
  for (;;) {
    const { rows } = await withClient({ ...database.admin, database: "postgres" }, (client) =>
      client.query("SELECT FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'", [
        database.name,
      ]),
    );
    if (rows.length === 0) return;
    await sleep(50);
  }
}

/** Fingerprint without what our own schemas hold. */
async function liveState(database: TestDatabase): Promise<unknown> {
  const { tables, sequences, objects } = await fingerprintDatabase(database.settings);
  const live = <T>(named: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(named).filter(([name]) => !/__(?:new|previous|undone)_/.test(name)));
  return { tables: live(tables), sequences: live(sequences), largeObjects: objects["large_objects"] };
}
