import { Client } from "pg";
import { expect, test } from "vitest";
import { RefusedError } from "../../../src/errors.ts";
import { createInPlaceRestore } from "../../../src/postgres/in-place/in-place-restore.ts";
import { dropExpired, findLeftovers, findPrevious, hasSwitched } from "../../../src/postgres/in-place/kept-states.ts";
import { preflightInPlace } from "../../../src/postgres/in-place/preflight.ts";
import { undoInPlace } from "../../../src/postgres/in-place/undo.ts";
import type { DumpSource } from "../../../src/postgres/load/dump-source.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { fingerprintDatabase, inPlaceOptions, restoreInPlace } from "./helpers.ts";

const oldState = `CREATE TABLE old_one (a integer); INSERT INTO old_one VALUES (1); CREATE SEQUENCE later_seq;
  CREATE SCHEMA vector_layer; CREATE TABLE vector_layer.layer (id integer); INSERT INTO vector_layer.layer VALUES (7);
  SELECT lo_from_bytea(501, 'old')`;
const newState = `CREATE TABLE new_one (a integer); INSERT INTO new_one VALUES (1), (2);
  CREATE SCHEMA vector_layer; CREATE TABLE vector_layer.layer (id integer); INSERT INTO vector_layer.layer VALUES (8), (9)`;

async function withStates(
  action: (into: TestDatabase, source: DumpSource, fingerprints: { before: unknown; after: unknown }) => Promise<void>,
): Promise<void> {
  const folder = await tempFolder();
  const [from, into] = [await createTestDatabase(), await createTestDatabase()];
  try {
    await withClient(from.settings, (client) => client.query(newState));
    await withClient(into.settings, (client) => client.query(oldState));
    const source = await openDumpFolder(await dumpToFolder(from.settings, `${folder}/dump`));
    const fingerprints = {
      before: await fingerprintDatabase(into.settings),
      after: await fingerprintDatabase(from.settings),
    };
    await action(into, source, fingerprints);
  } finally {
    await from.drop();
    await into.drop();
  }
}

test("what the archive does not name is gone: tables, free sequences, large objects", async () => {
  await withStates(async (into, source, { after }) => {
    await restoreInPlace(into.settings, source, { keepUntil: false });
    expect(await fingerprintDatabase(into.settings)).toEqual(after);
  });
});

test.each(["during the load", "before the commit"])(
  "a session that appears %s is refused, and the old state is whole",
  async (moment) => {
    await withStates(async (into, source, { before }) => {
      const late = new Client({ ...into.admin });
      const connectLate = async (): Promise<void> => void (await late.connect());
      const restore = createInPlaceRestore(
        inPlaceOptions(into.settings, source, moment === "during the load" ? { afterLoad: connectLate } : {}),
      );
      await restore.prepare();
      const error = await restore
        .switchOver(moment === "before the commit" ? connectLate : () => Promise.resolve())
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(RefusedError);
      expect((error as RefusedError).details.join()).toMatch(/^pid \d+/);
      await late.end();
      await restore.discard();
      expect(await fingerprintDatabase(into.settings)).toEqual(before);
      expect(await findLeftovers(into.settings)).toEqual([]);
    });
  },
);

test("whatever fails in the switch leaves the old state, and what was loaded aside goes", async () => {
  await withStates(async (into, source, { before, after }) => {
    const restore = createInPlaceRestore(inPlaceOptions(into.settings, source));
    await restore.prepare();
    await expect(restore.switchOver(() => Promise.reject(new Error("files")))).rejects.toThrow("files");
    expect(await hasSwitched(into.settings, restore.runId)).toBe(false);
    expect((await findLeftovers(into.settings)).map(({ state }) => state)).toEqual(["new"]);
    // the next run clears up what this one did not
    await restoreInPlace(into.settings, source, { keepUntil: false });
    expect(await fingerprintDatabase(into.settings)).toEqual(after);
    expect(before).not.toEqual(after);
  });
});

test("an interrupted load is taken back", async () => {
  await withStates(async (into, source, { before }) => {
    const interrupt = new AbortController();
    const restore = createInPlaceRestore(
      inPlaceOptions(into.settings, source, {
        signal: interrupt.signal,
        async afterLoad() {
          interrupt.abort(new Error("interrupted"));
          await Promise.resolve();
        },
      }),
    );
    await restore.prepare();
    await expect(restore.switchOver(() => Promise.resolve())).rejects.toThrow("interrupted");
    await restore.discard();
    expect(await fingerprintDatabase(into.settings)).toEqual(before);
  });
});

test("the newest of two states is kept, with the time until it is", async () => {
  await withStates(async (into, source) => {
    const first = await restoreInPlace(into.settings, source);
    const keepUntil = new Date("2030-01-01T00:00:00Z");
    const second = await restoreInPlace(into.settings, source, { keepUntil });
    const states = await findPrevious(into.settings);
    expect(states.map(({ runId }) => runId)).toEqual([second]);
    expect(states[0]?.keepUntil).toEqual(keepUntil);
    const options = inPlaceOptions(into.settings, source);
    await dropExpired({ ...options, now: () => new Date(keepUntil.getTime() - 1) });
    expect(await findPrevious(into.settings)).toHaveLength(1);
    await dropExpired({ ...options, now: () => keepUntil });
    expect(await findPrevious(into.settings)).toEqual([]);
    expect(await hasSwitched(into.settings, first)).toBe(false);
    await expect(undoInPlace({ ...inPlaceOptions(into.settings, source), runId: first })).rejects.toThrow(RefusedError);
  });
});

test("an empty database leaves nothing but notes to keep, and leftovers in use only warn", async () => {
  await withStates(async (into, source) => {
    const empty = await createTestDatabase();
    try {
      await restoreInPlace(empty.settings, source);
      const [state] = await findPrevious(empty.settings);
      expect(state?.schemas.map(({ role }) => role)).toEqual(["notes"]);
    } finally {
      await empty.drop();
    }
    const restore = createInPlaceRestore(inPlaceOptions(into.settings, source));
    await restore.prepare();
    const [left] = await findLeftovers(into.settings);
    await withClient(into.settings, (client) => client.query(`CREATE VIEW peek AS TABLE "${left?.schema}".layer`));
    const warnings: string[] = [];
    await restoreInPlace(into.settings, source, {
      keepUntil: false,
      reporter: { report: (event) => void (event.type === "warning" && warnings.push(event.code)) },
    });
    expect(warnings[0]).toBe("kept-state-in-use");
  });
});

test("a kept state in an archive is not restored", async () => {
  await withStates(async (into, source, { after }) => {
    await restoreInPlace(into.settings, source);
    const folder = await tempFolder();
    const withKept = await openDumpFolder(await dumpToFolder(into.settings, `${folder}/dump`));
    const warnings: string[] = [];
    await restoreInPlace(into.settings, withKept, {
      keepUntil: false,
      reporter: { report: (event) => void (event.type === "warning" && warnings.push(event.code)) },
    });
    expect(warnings).toEqual(["kept-state-left-out"]);
    expect(await fingerprintDatabase(into.settings)).toEqual(after);
  });
});

test("another role's view is named beforehand, and never dropped", async () => {
  await withStates(async (into, source) => {
    const role = `${into.role}_other`;
    try {
      await withClient(into.admin, (client) =>
        client.query(`CREATE ROLE ${role}; CREATE SCHEMA reports AUTHORIZATION ${role};
          GRANT SELECT ON old_one TO ${role}; GRANT USAGE ON SCHEMA reports TO ${into.role};
          SET ROLE ${role}; CREATE VIEW reports.by_owner AS SELECT a FROM public.old_one`),
      );
      const fails = (await preflightInPlace({ settings: into.settings, source })).filter(
        ({ level }) => level === "fail",
      );
      expect(fails.map(({ check }) => check)).toEqual(["dependents"]);
      expect(fails[0]?.details?.join()).toContain("view reports.by_owner");
      // made after the preflight: the switch goes well, the kept state stays
      const warnings: string[] = [];
      await restoreInPlace(into.settings, source, {
        keepUntil: false,
        reporter: { report: (event) => void (event.type === "warning" && warnings.push(...(event.details ?? []))) },
      });
      expect(warnings.join()).toContain("reports.by_owner");
      await withClient(into.admin, async (client) => {
        expect((await client.query("SELECT a FROM reports.by_owner")).rows).toEqual([{ a: 1 }]);
        await client.query("DROP SCHEMA reports CASCADE");
      });
    } finally {
      await withClient(into.admin, (client) => client.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`));
    }
  });
});

test("what would stop a restore is found beforehand", async () => {
  await withStates(async (into, source) => {
    await withClient(into.admin, (client) =>
      client.query(`ALTER TABLE spatial_ref_sys OWNER TO CURRENT_USER; REVOKE ALL ON spatial_ref_sys FROM ${into.role};
        CREATE TABLE public.new_one (); REVOKE CREATE ON DATABASE ${into.name} FROM ${into.role}; SELECT lo_create(777)`),
    );
    await withClient(into.admin, async () => {
      const findings = await preflightInPlace({ settings: into.settings, source });
      const fails = findings.filter(({ level }) => level === "fail").map(({ check }) => check);
      expect(fails.toSorted()).toEqual(["extension-tables", "objects-of-others", "privileges", "sessions"]);
    });
  });
});

test("a schema that holds an extension stays with it, and the rest of it is replaced and comes back", async () => {
  const folder = await tempFolder();
  const [from, into] = [await createTestDatabase({ postgis: false }), await createTestDatabase({ postgis: false })];
  try {
    const schema = "CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext;";
    await withClient(from.settings, (client) => client.query(`${schema} CREATE TABLE ext.kept (h ext.hstore)`));
    await withClient(into.settings, (client) => client.query(`${schema} CREATE TABLE ext.gone (h ext.hstore)`));
    const source = await openDumpFolder(await dumpToFolder(from.settings, `${folder}/dump`));
    const before = await fingerprintDatabase(into.settings);
    await restoreInPlace(into.settings, source);
    await undoInPlace(inPlaceOptions(into.settings, source));
    expect(await fingerprintDatabase(into.settings)).toEqual(before);
    await restoreInPlace(into.settings, source, { keepUntil: false });
    expect(await fingerprintDatabase(into.settings)).toEqual(await fingerprintDatabase(from.settings));
  } finally {
    await from.drop();
    await into.drop();
  }
});

test("grants and owners that a restore would change are told", async () => {
  await withStates(async (into, source) => {
    await withClient(into.settings, (client) => client.query("GRANT SELECT ON old_one TO PUBLIC"));
    const levels = async (settings: typeof into.settings): Promise<Record<string, string>> =>
      Object.fromEntries((await preflightInPlace({ settings, source })).map(({ check, level }) => [check, level]));
    expect(await levels(into.settings)).toMatchObject({ grants: "warn", owners: "ok" });
    expect(await levels(into.admin)).toMatchObject({ grants: "warn", owners: "warn" });
  });
});

test("a kept state that something needs does not stop the next restore", async () => {
  await withStates(async (into, source, { after }) => {
    await restoreInPlace(into.settings, source);
    const [state] = await findPrevious(into.settings);
    const kept = state?.schemas.find(({ original }) => original === "public")?.schema ?? "";
    await withClient(into.settings, (client) => client.query(`CREATE VIEW peek AS SELECT a FROM "${kept}".old_one`));
    await restoreInPlace(into.settings, source, { keepUntil: false });
    // with the view's own state dropped, nothing needs the first one any more
    await restoreInPlace(into.settings, source, { keepUntil: false });
    expect(await findPrevious(into.settings)).toEqual([]);
    expect(await fingerprintDatabase(into.settings)).toEqual(after);
  });
});
