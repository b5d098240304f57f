import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { installStandIn, type StandIn, standInSite } from "../fixtures/application/install.ts";
import { goldenArchives } from "../fixtures/golden.ts";
import { writeNgwArchive } from "../fixtures/ngw-archive.ts";
import { cleanEnvironment, testCluster, withClient } from "../fixtures/postgres.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { createTestInstance, type TestInstance } from "../fixtures/test-instance.ts";

let standIn: StandIn;
let instance: TestInstance;
beforeAll(async () => {
  standIn = await installStandIn();
});
afterAll(() => standIn.remove());

beforeEach(async () => {
  instance = await createTestInstance({ postgis: false });
  await sql(`
    CREATE TABLE core_migration (component text, revision text);
    CREATE TABLE survey (id integer PRIMARY KEY, name text);
    INSERT INTO survey VALUES (1, 'one'), (2, 'two');
    INSERT INTO core_migration VALUES
      ('core', '00000000'), ('survey', '00000000'), ('chart', '00000000'), ('extra', '00000000')`);
});
afterEach(() => instance.drop());

async function sql(text: string): Promise<unknown[]> {
  return await withClient(instance.database.settings, async (client) => (await client.query(text)).rows);
}

/** Runs with the stand-in's command first in PATH, and psql, which it needs. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  const path = [join(standIn.folder, "bin"), testCluster().binDir, cleanEnvironment()["PATH"]].join(":");
  return await runCli([...args, ...instance.config], { env: { PATH: path, ...env } });
}

async function configure(option: string): Promise<void> {
  const { settings } = instance.database;
  await writeFile(
    instance.config[1],
    `[core]\nsdir = ${instance.sdir}\ndatabase.host = ${settings.host}\ndatabase.port = ${settings.port}\n` +
      `database.name = ${settings.database}\ndatabase.user = ${settings.user}\n[ngwbackup]\n${option}\n`,
  );
}

const applied =
  "select component || ':' || revision as key from core_migration where revision <> '00000000' order by 1";

describe("migrations status", () => {
  test("of the database: pending ones first, in the order in which they can be applied", async () => {
    await sql("INSERT INTO core_migration VALUES ('survey', '1a000001')");
    expect(await run(["migrations", "status"])).toMatchObject({
      exitCode: 0,
      stdout: `A |    | Migration       | Message
  | -> | chart:1b000001  | Charts of surveys
  | -> | survey:1a000002 | Names are unique
  | -> | chart:1b000002  | A chart for each "noted" survey
  | -> | extra:1c000001  | Colours of charts
A |    | survey:1a000001 | Add a note to surveys
`,
      stderr: `warning: components of which nothing is applied yet: lookup
4 migrations pending; to apply: ngwbackup migrations upgrade --no-dry-run
`,
    });
  });

  test("ancestors of an applied one count as applied, unknown ones and missing components are warned of", async () => {
    await sql(`INSERT INTO core_migration VALUES ('survey', '1a000002'), ('chart', '1b000002'), ('extra', '1c000001'),
      ('survey', 'ffffffff'), ('gone', '00000000'), ('lookup', '1d000001')`);
    const result = await run(["migrations", "status"]);
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: `A |    | Migration       | Message
A | ?? | survey:ffffffff | (not known to the installed application)
A |    | chart:1b000001  | Charts of surveys
A |    | chart:1b000002  | A chart for each "noted" survey
A |    | extra:1c000001  | Colours of charts
A |    | lookup:1d000001 | Order of entries
A |    | survey:1a000001 | Add a note to surveys
A |    | survey:1a000002 | Names are unique
`,
      stderr: `warning: applied, but not known to the installed application: survey:ffffffff
warning: components that the installed application does not have: gone
the database lacks no migration of the installed application
`,
    });
  });

  test("as JSON", async () => {
    await sql("INSERT INTO core_migration VALUES ('survey', '1a000002'), ('chart', '1b000001'), ('gone', '12345678')");
    const { stdout, exitCode } = await run(["migrations", "status", "--json"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual({
      type: "summary",
      command: "migrations status",
      archive: null,
      application: { version: "9.1.0", source: standIn.python },
      fit: "diverged",
      pending: [
        { component: "chart", revision: "1b000002", message: 'A chart for each "noted" survey' },
        { component: "extra", revision: "1c000001", message: "Colours of charts" },
      ],
      applied: 3,
      unknown: [],
      missingComponents: ["gone"],
      notInstalled: ["lookup"],
    });
  });

  test("without an application, without a migration table, with an application whose files are broken", async () => {
    expect(await run(["migrations", "status"], { PATH: "/nowhere" })).toMatchObject({
      exitCode: 4,
      stdout: "",
      stderr: `error: no installed NextGIS Web was found: PATH has no nextgisweb but ours
hint: set application.command in section [ngwbackup] of the configuration to the path of the application's nextgisweb, for example /opt/ngw/env/bin/nextgisweb
`,
    });
    const folder = join(await tempFolder(), "site-packages", "nextgisweb");
    await mkdir(join(folder, "survey", "migration"), { recursive: true });
    await writeFile(join(folder, "__init__.py"), "");
    await writeFile(join(folder, "survey", "__init__.py"), "");
    await copyFile(
      join(standInSite, "nextgisweb/survey/migration/1a000002-unique-names.fw.sql"),
      join(folder, "survey/migration/1a000002.fw.sql"),
    );
    const broken = await run(["migrations", "status"], { PYTHONPATH: join(folder, "..") });
    expect(broken).toMatchObject({ exitCode: 1, stdout: "" });
    expect(broken.stderr).toContain("error: parent survey:1a000001 of migration survey:1a000002 is missing (");
    await sql("DROP TABLE core_migration");
    const none = await run(["migrations", "status"]);
    expect(none).toMatchObject({ exitCode: 4, stdout: "" });
    expect(none.stderr).toContain("error: the database keeps no migrations: it has no table core_migration");
  });

  test("of an archive of ours, and of one that NextGIS Web's programs wrote", async () => {
    await sql("INSERT INTO core_migration VALUES ('survey', '1a000001')");
    const database = await run(["migrations", "status"]);
    const plain = join(instance.folder, "plain.ngwbackup");
    expect(await run(["backup", "--one-shot", plain])).toMatchObject({ exitCode: 0 });
    const foreign = join(instance.folder, "foreign.ngwbackup");
    await sql(`
      CREATE TABLE fileobj (component text, uuid text);
      CREATE TABLE setting (component text, name text, value jsonb)`);
    const archive = join(instance.folder, "a.ngwbackup");
    expect(await run(["backup", "--one-shot", archive])).toMatchObject({ exitCode: 0 });
    await writeNgwArchive({
      settings: instance.database.settings,
      fileStoragePath: join(instance.sdir, "file_storage"),
      target: foreign,
    });
    for (const path of [plain, archive, foreign]) {
      expect(await run(["migrations", "status", path])).toMatchObject({
        exitCode: 0,
        stdout: database.stdout,
        stderr: `warning: components of which nothing is applied yet: lookup
4 migrations would be pending after a restore: restore --migrate applies what is pending
`,
      });
    }
    expect(await run(["migrations", "status", "/no/archive"])).toMatchObject({ exitCode: 4, stdout: "" });
    expect(await run(["migrations", "status", instance.config[1]])).toMatchObject({ exitCode: 5, stdout: "" });
  });

  describe.skipIf(goldenArchives.length === 0)("of golden archives", () => {
    test.each(goldenArchives.map(({ name, path }) => ({ name, path })))("$name", async ({ path }) => {
      const { stdout, exitCode } = await run(["migrations", "status", path, "--json"]);
      const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
        fit: string;
        unknown: unknown[];
        missingComponents: string[];
      };
      expect(exitCode).toBe(0);
      expect(summary.fit).toBe("newer");
      expect(summary.missingComponents).toContain("webmap");
      // core is a component of the stand-in, too, and has no migrations there.
      expect(summary.unknown).toContainEqual({ component: "core", revision: "2e803d47" });
    });
  });
});

describe("migrations upgrade", () => {
  test("only shows what would be done", async () => {
    expect(await run(["migrations", "upgrade"])).toMatchObject({
      exitCode: 0,
      stdout: `1. Forward [survey:1a000001]
2. Forward [chart:1b000001]
3. Forward [survey:1a000002]
4. Forward [chart:1b000002]
5. Forward [extra:1c000001]
Dry run.
`,
      stderr: "",
    });
    expect(await sql(applied)).toEqual([]);
  });

  test("applies them with --no-dry-run, and nothing is pending afterwards", async () => {
    const result = await run(["migrations", "upgrade", "--no-dry-run"]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout).toMatch(/^1\. Forward [^]*\nApplied\.\n$/);
    expect(await sql(applied)).toHaveLength(5);
    expect(await sql("SELECT id, survey_note, colour FROM chart ORDER BY id")).toEqual([
      { id: 1, survey_note: null, colour: null },
      { id: 2, survey_note: null, colour: null },
    ]);
    expect((await run(["migrations", "status"])).stdout).not.toContain("->");
    expect((await run(["migrations", "upgrade", "--no-dry-run"])).stdout).toBe("Nothing to do.\n");
  });

  test("reports a failure with its exit status, after the command's own words", async () => {
    await sql("INSERT INTO survey VALUES (3, 'one')");
    const result = await run(["migrations", "upgrade", "--no-dry-run"]);
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toContain("3. Forward [survey:1a000002]\n");
    expect(result.stderr).toMatch(/could not create unique index "survey_name_key"/);
    expect(result.stderr).toContain(
      `error: ${standIn.command} migration upgrade --no-dry-run failed with exit status 3\nhint: see its output above`,
    );
    expect(await sql(applied)).toEqual([]);
  });

  test("with --json stdout holds JSON alone", async () => {
    const { stdout, stderr } = await run(["migrations", "upgrade", "--json"]);
    expect(stdout).toBe('{"type":"summary","command":"migrations upgrade","dryRun":true}\n');
    expect(stderr).toContain("1. Forward [survey:1a000001]\n");
  });

  test("an old release has another command", async () => {
    await configure(`application.command = ${standIn.legacyCommand}`);
    expect((await run(["migrations", "upgrade"])).stdout).toMatch(/Dry run\.\n$/);
    expect((await run(["migrations", "upgrade", "--no-dry-run"])).stdout).toMatch(/Applied\.\n$/);
    expect(await sql(applied)).toHaveLength(5);
  });

  test("a command that knows neither", async () => {
    await configure("application.command = /bin/false");
    const result = await run(["migrations", "upgrade"]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain("error: /bin/false has no migration command that answers\n");
  });

  test("no application", async () => {
    const result = await run(["migrations", "upgrade"], { PATH: "/nowhere" });
    expect(result).toMatchObject({ exitCode: 4, stdout: "" });
    expect(result.stderr).toContain("error: no installed NextGIS Web was found");
  });
});

describe("restore --migrate", () => {
  let archive: string;
  beforeEach(async () => {
    archive = join(instance.folder, "a.ngwbackup");
    await sql("CREATE TABLE setting (component text, name text, value jsonb)");
  });
  const restore = (...flags: string[]): Promise<CliResult> => run(["restore", archive, "--yes", ...flags]);

  test("the plan says what will be pending, and the application applies it", async () => {
    await run(["backup", "--one-shot", archive]);
    const plan = await restore("--dry-run");
    expect(plan.stderr).toContain("5 migrations to apply after the restore");
    const result = await restore("--migrate");
    expect(result).toMatchObject({ exitCode: 0, stdout: "" });
    expect(result.stderr).toMatch(/5\. Forward \[extra:1c000001\]\nApplied\.\n/);
    expect(await sql(applied)).toHaveLength(5);
  });

  test("its failure does not hide that the restore is complete", async () => {
    await sql("INSERT INTO survey VALUES (3, 'one')");
    await run(["backup", "--one-shot", archive]);
    await sql("DELETE FROM survey");
    const result = await restore("--migrate");
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(
      `error: the restore is complete, but the migrations after it failed: ${standIn.command} migration upgrade --no-dry-run failed with exit status 3\n`,
    );
    expect(result.stderr).toContain("ngwbackup migrations upgrade --no-dry-run\n");
    expect(await sql("SELECT id FROM survey ORDER BY id")).toHaveLength(3);
    expect(await sql(applied)).toEqual([]);
  });

  test("without an application the restore is complete as well", async () => {
    await run(["backup", "--one-shot", archive]);
    await sql("DELETE FROM survey");
    const plain = await runCli(["restore", archive, "--yes", ...instance.config], {
      env: { PATH: testCluster().binDir },
    });
    expect(plain).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await sql("SELECT id FROM survey ORDER BY id")).toHaveLength(2);
    await sql("DELETE FROM survey");
    const asked = await runCli(["restore", archive, "--yes", "--migrate", ...instance.config], {
      env: { PATH: testCluster().binDir },
    });
    expect(asked.exitCode).toBe(1);
    expect(asked.stderr).toContain("error: the restore is complete, but the migrations after it failed: no installed");
    expect(await sql("SELECT id FROM survey ORDER BY id")).toHaveLength(2);
  });
});
