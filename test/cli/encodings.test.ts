import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { testCluster, withClient } from "../fixtures/postgres.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

const run = promisify(execFile);

// Each runs a dozen commands, and a machine may be slow.
vi.setConfig({ testTimeout: 300_000 });

const instances: TestInstance[] = [];
afterEach(async () => {
  for (const instance of instances.splice(0)) await instance.drop();
});

/** An instance, without PostGIS, whose database is of another encoding or collation than the server's others. */
async function instanceIn(locale: string, superuser = true): Promise<TestInstance> {
  const instance = await createTestInstance({ postgis: false, superuser, createDb: true });
  instances.push(instance);
  const { admin, name, role } = instance.database;
  await withClient({ ...admin, database: "postgres" }, async (client) => {
    await client.query(`DROP DATABASE ${name}`);
    await client.query(`CREATE DATABASE ${name} OWNER ${role} TEMPLATE template0 ${locale}`);
  });
  return instance;
}

const encoded = (encoding: string): string => `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`;

async function execute({ database }: TestInstance, sql: string): Promise<void> {
  await withClient(database.settings, (client) => client.query(sql));
}

/** What a query gives, as text in ASCII: bytes are asked for as hex digits. */
async function ask({ database }: TestInstance, sql: string): Promise<string[]> {
  return await withClient(database.admin, async (client) => {
    const { rows } = await client.query<{ line: string }>(`SELECT (${sql})::text AS line`);
    return rows.map(({ line }) => line);
  });
}

async function backupOf(instance: TestInstance): Promise<string> {
  const backup = await runCli(["backup", ...instance.config, "--one-shot"]);
  expect(backup.stderr).not.toMatch(/^error/m);
  expect(backup.exitCode).toBe(0);
  const verified = await runCli(["verify", backup.stdout.trim()]);
  expect(verified.exitCode).toBe(0);
  return backup.stdout.trim();
}

function restore(instance: TestInstance, archive: string, way: string): Promise<CliResult> {
  return runCli(["restore", ...instance.config, way, "--keep-previous", "0", archive]);
}

/** A dump as NextGIS Web makes it, in the database's own encoding. */
async function dumpByPgDump({ database, folder }: TestInstance): Promise<string> {
  const archive = join(folder, "theirs");
  await mkdir(archive);
  const { host, port, user } = database.admin;
  const args = ["-Fd", "-Z0", `-h${host}`, `-p${port}`, `-U${user}`, `-f${join(archive, "postgres")}`, database.name];
  const { binDir } = testCluster();
  await run(join(binDir, "pg_dump"), args);
  const { stdout } = await run(join(binDir, "pg_restore"), ["--list", join(archive, "postgres")]);
  await writeFile(join(archive, "postgres", "restore"), stdout);
  return archive;
}

const ways = ["--side-by-side", "--in-place"];

describe.each([
  ["WIN1251", "Ж№ё ј", "Українська № «ё»"],
  ["LATIN1", "café ÿ", "déjà vu ¡§"],
])("a database in %s", (encoding, name, text) => {
  const sql = `
    CREATE SCHEMA "${name}s"; CREATE TYPE public."${name}t" AS ENUM ('${text}', 'x');
    CREATE TABLE "${name}s"."${name}" ("${name}c" serial, t text DEFAULT '${text}', e public."${name}t", b text);
    COMMENT ON TABLE "${name}s"."${name}" IS '${text}';
    INSERT INTO "${name}s"."${name}" (e) VALUES ('${text}'), (NULL);`;
  const table = `"${name}s"."${name}"`;
  const bytesOf = [
    `SELECT string_agg(encode(convert_to(t || coalesce(e::text, '-') || coalesce(b, ''), '${encoding}'), 'hex'), ' ' ORDER BY "${name}c") FROM ${table}`,
    `SELECT encode(convert_to(obj_description('${table}'::regclass), '${encoding}'), 'hex')`,
  ];

  test.each(ways)("keeps every byte, and its encoding, %s", async (way) => {
    const [source, target] = [await instanceIn(encoded(encoding)), await instanceIn(encoded(encoding))];
    await execute(source, sql);
    // each character that has a place in both: of WIN1251 all bytes but one mean something
    await execute(
      source,
      `INSERT INTO ${table} (b) SELECT convert_from(decode(lpad(to_hex(i), 2, '0'), 'hex'), '${encoding}') FROM generate_series(1, 255) i WHERE i <> 152`,
    );
    const restored = await restore(target, await backupOf(source), way);
    expect(restored.stderr).not.toMatch(/^error|the archive is of a database in/m);
    expect(restored.exitCode).toBe(0);
    for (const query of bytesOf) expect(await ask(target, query)).toEqual(await ask(source, query));
    expect(await ask(target, "SELECT current_setting('server_encoding')")).toEqual([encoding]);
  });

  test("goes into one in UTF-8, from our archive or pg_dump's", async () => {
    const source = await instanceIn(encoded(encoding));
    await execute(source, sql);
    const target = await instanceIn(encoded("UTF8"));
    for (const archive of [await backupOf(source), await dumpByPgDump(source)]) {
      const restored = await restore(target, archive, "--in-place");
      expect(restored.exitCode).toBe(0);
      for (const query of bytesOf) expect(await ask(target, query)).toEqual(await ask(source, query));
    }
  });
});

test("a text that has no place in the database's encoding ends the restore, and nothing is changed", async () => {
  const [source, target] = [await instanceIn(encoded("UTF8")), await instanceIn(encoded("WIN1251"))];
  await execute(source, "CREATE TABLE t AS SELECT 'Ж' AS word");
  const first = await restore(target, await backupOf(source), "--in-place");
  expect(first.stderr).toContain("the archive is of a database in UTF8, and this one is in WIN1251");
  expect(first.exitCode).toBe(0);
  expect(await ask(target, "SELECT encode(convert_to(word, 'WIN1251'), 'hex') FROM t")).toEqual(["c6"]);
  await execute(source, "INSERT INTO t VALUES ('🗺')");
  const archive = await backupOf(source);
  for (const way of ways) {
    const failed = await restore(target, archive, way);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/TABLE DATA public\.t: .*has no equivalent in encoding "WIN1251"/);
    expect(await ask(target, "SELECT count(*) FROM t")).toEqual(["1"]);
  }
});

test("texts that the server cannot convert at all are refused beforehand", async () => {
  const [source, target] = [await instanceIn(encoded("LATIN1")), await instanceIn(encoded("WIN1251"))];
  await execute(source, "CREATE TABLE t AS SELECT 'é' AS word");
  const refused = await restore(target, await dumpByPgDump(source), "--in-place");
  expect(refused.exitCode).toBe(4);
  expect(refused.stderr).toContain("the archive's texts are in LATIN1, and the database is in WIN1251");
});

describe("a database in SQL_ASCII", () => {
  const sql = String.raw`
    DO $$BEGIN
      EXECUTE E'CREATE TYPE mood AS ENUM (''s\xe9d'', ''Ж'')';
      EXECUTE E'CREATE TABLE bytes (id serial, t text DEFAULT ''\xff\xfe'', m mood)';
      EXECUTE E'COMMENT ON TABLE bytes IS ''\xe9t\xe9''';
      EXECUTE E'INSERT INTO bytes (t, m) VALUES (''a\xe9\xff\x80'', ''s\xe9d''), (''plain Ж'', NULL)';
      EXECUTE E'INSERT INTO bytes (m) VALUES (''Ж'')';
    END$$`;
  // text to bytea by way of its bytes as they are
  const bytesOf = [
    "SELECT string_agg(encode(convert_to(t || '|' || coalesce(m::text, ''), 'SQL_ASCII'), 'hex'), ' ' ORDER BY id) FROM bytes",
    "SELECT encode(convert_to(obj_description('bytes'::regclass), 'SQL_ASCII'), 'hex')",
    "SELECT encode(convert_to(pg_get_expr(adbin, adrelid), 'SQL_ASCII'), 'hex') FROM pg_attrdef WHERE adrelid = 'bytes'::regclass AND adnum = 2",
  ];

  test.each(ways)("keeps bytes that are no text, %s", async (way) => {
    const [source, target] = [await instanceIn(encoded("SQL_ASCII")), await instanceIn(encoded("SQL_ASCII"))];
    await execute(source, sql);
    for (const archive of [await backupOf(source), await dumpByPgDump(source)]) {
      const restored = await restore(target, archive, way);
      expect(restored.stderr).not.toMatch(/^error/m);
      expect(restored.exitCode).toBe(0);
      for (const query of bytesOf) expect(await ask(target, query)).toEqual(await ask(source, query));
    }
  });

  test("does not go into one in UTF-8 with such bytes, and says so before", async () => {
    const [source, target] = [await instanceIn(encoded("SQL_ASCII")), await instanceIn(encoded("UTF8"))];
    await execute(source, sql);
    const restored = await restore(target, await backupOf(source), "--in-place");
    expect(restored.stderr).toContain("the archive is of a database in SQL_ASCII, and this one is in UTF8");
    expect(restored.stderr).toMatch(/^error: .*invalid byte sequence for encoding "UTF8"/m);
    expect(restored.exitCode).toBe(1);
  });

  test("is saved with columns whose names are no UTF-8", async () => {
    const source = await instanceIn(encoded("SQL_ASCII"));
    await execute(
      source,
      String.raw`DO $$BEGIN EXECUTE E'CREATE TABLE t AS SELECT n AS "n\xe9", repeat(md5(n::text), 10) AS b FROM generate_series(1, 2000) n'; END$$`,
    );
    expect(await backupOf(source)).toContain(".ngwbackup");
  });

  test("is refused where a name is no UTF-8, since nobody could be told of it", async () => {
    const source = await instanceIn(encoded("SQL_ASCII"));
    await execute(source, String.raw`DO $$BEGIN EXECUTE E'CREATE TABLE "n\xe9" (a integer)'; END$$`);
    const backup = await runCli(["backup", ...source.config, "--one-shot"]);
    expect(backup.stderr).toMatch(/^error: .*name/m);
    expect(backup.exitCode).toBe(4);
  });
});

test("a backslash in a plain string literal stays one where the database reads it the old way", async () => {
  const [source, target] = [await instanceIn(encoded("UTF8"), false), await instanceIn(encoded("UTF8"), false)];
  await execute(
    source,
    String.raw`ALTER DATABASE ${source.database.name} SET standard_conforming_strings = off;
      CREATE TABLE t (a text DEFAULT E'c:\\new'); COMMENT ON TABLE t IS E'c:\\temp'; CREATE TYPE e AS ENUM (E'a\\b')`,
  );
  for (const archive of [await backupOf(source), await dumpByPgDump(source)]) {
    const restored = await restore(target, archive, "--in-place");
    expect(restored.exitCode).toBe(0);
    expect(await ask(target, "SELECT obj_description('t'::regclass)")).toEqual([String.raw`c:\temp`]);
    expect(await ask(target, "SELECT enumlabel FROM pg_enum")).toEqual([String.raw`a\b`]);
    await execute(target, "INSERT INTO t DEFAULT VALUES");
    expect(await ask(target, "SELECT a FROM t")).toEqual([String.raw`c:\new`]);
  }
});

describe("collations", () => {
  const icu = `${encoded("UTF8").replaceAll("'C'", "'C.UTF-8'")} LOCALE_PROVIDER icu ICU_LOCALE 'sv'`;

  test("a restore side by side gives the new database the locale of ICU that the old one has", async () => {
    const instance = await instanceIn(icu);
    await execute(instance, "CREATE TABLE t AS SELECT unnest(ARRAY['z', 'ö', 'a']) AS word");
    const sorted = "SELECT string_agg(word, '' ORDER BY word) FROM t";
    expect(await ask(instance, sorted)).toEqual(["azö"]);
    expect((await restore(instance, await backupOf(instance), "--side-by-side")).exitCode).toBe(0);
    expect(await ask(instance, sorted)).toEqual(["azö"]);
    expect(
      await ask(
        instance,
        "SELECT datlocprovider::text || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') FROM pg_database d WHERE datname = current_database()",
      ),
    ).toEqual(["isv"]);
  });

  test("check and the plan of a restore warn of versions that the server no longer has", async () => {
    const instance = await instanceIn(icu);
    await execute(
      instance,
      `CREATE COLLATION own (PROVIDER = icu, LOCALE = 'de'); CREATE TABLE t (word text COLLATE own PRIMARY KEY)`,
    );
    const archive = await backupOf(instance);
    const before = await runCli(["check", ...instance.config]);
    expect(before.stdout + before.stderr).not.toContain("by other versions of collations");
    await execute(
      instance,
      "UPDATE pg_database SET datcollversion = '1.1' WHERE datname = current_database(); UPDATE pg_collation SET collversion = '1.2' WHERE collname = 'own'",
    );
    const check = await runCli(["check", ...instance.config]);
    const plan = await runCli(["restore", ...instance.config, "--dry-run", archive]);
    for (const { stdout, stderr } of [check, plan]) {
      expect(stdout + stderr).toContain("the server sorts text by other versions of collations");
      expect(stdout + stderr).toContain("REFRESH COLLATION VERSION");
      expect(stdout + stderr).toContain('collation "public"."own": version 1.2');
    }
    // and what is restored is of the version of now
    expect((await restore(instance, archive, "--side-by-side")).exitCode).toBe(0);
    const after = await runCli(["check", ...instance.config]);
    expect(after.stdout + after.stderr).not.toContain("by other versions of collations");
  });

  test("an archive of a database with another version is told of", async () => {
    const instance = await instanceIn(icu);
    await execute(instance, "UPDATE pg_database SET datcollversion = '1.1' WHERE datname = current_database()");
    const archive = await backupOf(instance);
    await execute(
      instance,
      "UPDATE pg_database SET datcollversion = pg_database_collation_actual_version(oid) WHERE datname = current_database()",
    );
    const plan = await runCli(["restore", ...instance.config, "--dry-run", archive]);
    expect(plan.stdout + plan.stderr).toContain("the archive is of a database with version 1.1 of its collation");
  });
});
