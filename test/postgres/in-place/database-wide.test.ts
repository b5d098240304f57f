import { expect, test } from "vitest";
import { undoInPlace } from "../../../src/postgres/in-place/undo.ts";
import { preflightInPlace } from "../../../src/postgres/in-place/preflight.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { fingerprintDatabase, inPlaceOptions, restoreInPlace } from "./helpers.ts";

/** What stands in no schema, and depends on nothing that a restore moves. */
const staying = `
  CREATE EXTENSION postgres_fdw;
  CREATE SERVER remote_${"long".repeat(14)} FOREIGN DATA WRAPPER postgres_fdw;
  CREATE USER MAPPING FOR PUBLIC SERVER remote_${"long".repeat(14)} OPTIONS (user 'somebody');
  CREATE CAST (point AS text[]) WITH INOUT;
  CREATE PUBLICATION news; CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public;
  CREATE TRANSFORM FOR int LANGUAGE sql
    (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal));
  CREATE ACCESS METHOD gist_again TYPE INDEX HANDLER gisthandler;
  CREATE FOREIGN TABLE away (id integer) SERVER remote_${"long".repeat(14)};
  CREATE TYPE pair AS (a integer, b integer);
  CREATE CAST (pair AS text) WITH INOUT;`;

test("casts, mappings of users and the like that are there stay, and the archive's are not made again", async () => {
  const database = await createTestDatabase({ postgis: false, superuser: true });
  try {
    await withClient(database.settings, (client) => client.query(staying));
    const source = await openDumpFolder(await dumpToFolder(database.settings, `${await tempFolder()}/dump`));
    await restoreInPlace(database.settings, source, { keepUntil: false });
    const casts = await withClient(database.settings, async (client) => {
      const { rows } = await client.query<{ line: string }>(
        "SELECT castsource::regtype || ' ' || casttarget::regtype AS line FROM pg_cast WHERE oid >= 16384 ORDER BY 1",
      );
      return rows.map(({ line }) => line);
    });
    expect(casts).toEqual(["pair text", "point text[]"]);
    const others = await withClient(database.settings, async (client) => {
      const { rows } = await client.query<{ line: string }>(
        `SELECT 'method ' || amname AS line FROM pg_am WHERE oid >= 16384
         UNION ALL SELECT 'transform for ' || trftype::regtype FROM pg_transform ORDER BY 1`,
      );
      return rows.map(({ line }) => line);
    });
    expect(others).toEqual(["method gist_again", "transform for integer"]);
  } finally {
    await database.drop();
  }
});

test("what works by a function of others, in a schema of others, stands in nobody's way", async () => {
  const database = await createTestDatabase({ postgis: false });
  try {
    await withClient(database.settings, (client) => client.query("CREATE TABLE t AS SELECT 1 AS n"));
    const source = await openDumpFolder(await dumpToFolder(database.settings, `${await tempFolder()}/dump`));
    await withClient(database.admin, (client) =>
      client.query(`
        CREATE SCHEMA theirs; GRANT USAGE ON SCHEMA theirs TO PUBLIC;
        CREATE FUNCTION theirs.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION theirs.watch()`),
    );
    const findings = await preflightInPlace({ settings: database.settings, source });
    expect(findings.filter(({ level }) => level === "fail")).toEqual([]);
    await restoreInPlace(database.settings, source, { keepUntil: false });
    const triggers = await withClient(database.admin, (client) => client.query("SELECT evtname FROM pg_event_trigger"));
    expect(triggers.rows).toEqual([{ evtname: "watching" }]);
  } finally {
    await database.drop();
  }
});

test("an ordinary role's range type in a schema of its own moves with it", async () => {
  const database = await createTestDatabase({ postgis: false });
  try {
    await withClient(database.settings, (client) =>
      client.query(`
        CREATE SCHEMA own; CREATE TYPE own.span AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = own.spans);
        CREATE TABLE own.t AS SELECT own.span(1, 2) AS s, own.spans(own.span(1, 2)) AS m`),
    );
    const source = await openDumpFolder(await dumpToFolder(database.settings, `${await tempFolder()}/dump`));
    const findings = await preflightInPlace({ settings: database.settings, source });
    expect(findings.filter(({ level }) => level === "fail")).toEqual([]);
    const before = await fingerprintDatabase(database.settings);
    await restoreInPlace(database.settings, source, { keepUntil: false });
    expect(await fingerprintDatabase(database.settings)).toEqual(before);
  } finally {
    await database.drop();
  }
});

test("an undo takes a range type of schema public away with its functions, which are not the role's", async () => {
  const [from, into] = [await createTestDatabase({ postgis: false }), await createTestDatabase({ postgis: false })];
  try {
    await withClient(from.settings, (client) => client.query("CREATE TYPE span AS RANGE (SUBTYPE = float8)"));
    const source = await openDumpFolder(await dumpToFolder(from.settings, `${await tempFolder()}/dump`));
    await restoreInPlace(into.settings, source);
    await undoInPlace(inPlaceOptions(into.settings, source));
    const { rows } = await withClient(into.admin, (client) =>
      client.query(
        "SELECT nspname FROM pg_namespace WHERE nspname ~ '__' UNION ALL SELECT proname FROM pg_proc WHERE oid >= 16384",
      ),
    );
    expect(rows).toEqual([]);
  } finally {
    await from.drop();
    await into.drop();
  }
});

test("what stays and works by a function that is replaced is named before anything is touched", async () => {
  const database = await createTestDatabase({ postgis: false, superuser: true });
  try {
    await withClient(database.settings, (client) =>
      client.query(`
        CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION watch();
        CREATE FUNCTION one(lseg) RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE CAST (lseg AS integer) WITH FUNCTION one(lseg)`),
    );
    const source = await openDumpFolder(await dumpToFolder(database.settings, `${await tempFolder()}/dump`));
    const failed = (await preflightInPlace({ settings: database.settings, source })).filter(
      ({ level }) => level === "fail",
    );
    expect(failed).toMatchObject([
      {
        check: "database-wide",
        details: [
          "cast from lseg to integer needs function public.one(lseg)",
          "event trigger watching needs function public.watch()",
        ],
      },
    ]);
  } finally {
    await database.drop();
  }
});
