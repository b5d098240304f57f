import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { cleanEnvironment, testCluster } from "../../fixtures/postgres.ts";
import { mustSucceed } from "../../fixtures/python.ts";
import { filesBelow } from "../../fixtures/rclone.ts";
import { type CliResult, runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { addBlob, backupTo, blobFile, sql } from "../increments/changes.ts";

let instance: TestInstance;
/** A chain of two, of which the second one is asked for here. */
let archive: string;
let firstBlob: string;
let secondBlob: string;
let rows: string;

beforeAll(async () => {
  instance = await createTestInstance();
  mkdirSync(instance.backupFolder);
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await sql(
    instance,
    "CREATE TABLE some_size (id integer, text text)",
    "INSERT INTO some_size SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 20000) n",
    String.raw`CREATE TABLE "../up/x" (id integer, text text); INSERT INTO "../up/x" VALUES (1, E'a\tb\\c\nd'), (2, NULL)`,
    "CREATE TABLE empty (id integer)",
    "SELECT lo_from_bytea(4711, decode(repeat(md5('large'), 1000), 'hex'))",
  );
  firstBlob = await addBlob(instance, 70_000);
  const full = await backupTo(instance, join(instance.backupFolder, "full.ngwbackup"));
  await sql(instance, "UPDATE some_size SET text = 'other' WHERE id = 10000");
  secondBlob = await addBlob(instance, 30_000);
  archive = await backupTo(instance, join(instance.backupFolder, "second.ngwbackup"), "--base", full);
  rows = (await psql("COPY public.some_size TO STDOUT")).toString();
}, 120_000);
afterAll(() => instance.drop());

async function psql(query: string): Promise<Buffer> {
  const { host, port, database, user } = instance.database.admin;
  const env = { ...cleanEnvironment(), PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  return await mustSucceed(join(testCluster().binDir, "psql"), ["-XqAtc", query], { env });
}

/** Without any configuration. */
const extract = async (...args: string[]): Promise<CliResult> => await runCli(["extract", ...args]);

/** Runs one that must do. */
async function extracted(...args: string[]): Promise<CliResult> {
  const result = await extract(...args);
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
}

describe("extract", () => {
  test("lists what can be named, with sizes, and only that", async () => {
    const all = JSON.parse((await extracted("--json", "--list", archive)).stdout.trim().split("\n").at(-1) ?? "") as {
      entries: { name: string; sizeBytes: number; rows: number | null }[];
    };
    const files = filesBelow(join(instance.sdir, "file_storage")).map((name) => `file_storage/${name}`);
    const fonts = ["core/fontconfig/Made_up-Bold.otf", "core/fontconfig/Made_up-Regular.ttf"];
    expect(all.entries.map(({ name }) => name).filter((name) => /^(file_storage|core)\//.test(name))).toEqual(
      expect.arrayContaining([...files, ...fonts]),
    );
    const named = new Map(all.entries.map((entry) => [entry.name, entry]));
    expect(named.get("table:public.some_size")).toMatchObject({ rows: 20000 });
    expect(named.get("table:public.../up/x")).toMatchObject({ rows: 2 });
    expect(named.get("large-object:4711")).toMatchObject({ sizeBytes: 16_000 });
    expect(named.has("toc.dat") && named.has("manifest.jsonl")).toBe(true);
    const some = await extracted("--list", archive, "file_storage/extra");
    expect(some.stdout).toMatch(/^ +SIZE +ROWS +NAME\n/);
    expect(some.stdout.match(/file_storage\/extra\//g)).toHaveLength(2);
    expect(some.stdout).not.toContain("table:");
  });

  test("writes files as they stand in the data folder, out of a chain, privately", async () => {
    const to = join(await tempFolder(), "to");
    const result = await extracted(archive, "--to", to);
    const lines = result.stdout.trimEnd().split("\n");
    expect(lines.toSorted()).toEqual(
      filesBelow(to)
        .map((name) => join(to, name))
        .toSorted(),
    );
    for (const folder of ["file_storage", "core/fontconfig"])
      for (const name of filesBelow(join(instance.sdir, folder)).filter((one) => one !== "fonts.conf"))
        expect(readFileSync(join(to, folder, name)).equals(readFileSync(join(instance.sdir, folder, name)))).toBe(true);
    for (const name of filesBelow(to)) expect(statSync(join(to, name)).mode & 0o777).toBe(0o600);
    for (const folder of [to, join(to, "file_storage"), join(to, "tables")])
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(to, "large-objects/4711"))).toHaveLength(16_000);
    // pg_restore makes SQL of the table of contents alone.
    const definitions = await mustSucceed(join(testCluster().binDir, "pg_restore"), ["--schema-only", "-f", "-", to]);
    expect(definitions.toString()).toMatch(/CREATE TABLE public\.some_size \(/);
  });

  test("writes rows as COPY has them", async () => {
    const to = await tempFolder();
    await extracted(archive, "--to", to, "table:public.some_size", "table:*.../up/x", "table:public.empty");
    expect(readdirSync(join(to, "tables")).toSorted()).toEqual([
      "public...%2Fup%2Fx.copy",
      "public.empty.copy",
      "public.some_size.copy",
    ]);
    const text = (name: string): string => readFileSync(join(to, "tables", name), "utf8");
    expect(text("public.some_size.copy")).toBe(`${rows}\\.\n\n\n`);
    expect(text("public...%2Fup%2Fx.copy")).toBe(`1\ta\\tb\\\\c\\nd\n2\t\\N\n\\.\n\n\n`);
    expect(text("public.empty.copy")).toBe("\\.\n\n\n");
    const load = `CREATE TEMP TABLE t (LIKE some_size); \\copy t from '${join(to, "tables", "public.some_size.copy")}'`;
    const { host, port, database, user } = instance.database.admin;
    const env = { ...cleanEnvironment(), PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
    const script = `${load}\nSELECT count(*) FROM t;\n`;
    const loaded = await mustSucceed(join(testCluster().binDir, "psql"), ["-XqAt"], { env, input: script });
    expect(loaded.toString()).toBe("20000\n");
  });

  test("writes a single one to stdout, and nothing else there", async () => {
    const blob = readFileSync(blobFile(instance, firstBlob));
    for (const name of [firstBlob, `extra/${firstBlob}`, `file_storage/extra/${firstBlob.slice(0, 2)}/**`])
      expect((await extracted(archive, "--to", "-", name)).stdoutBytes.equals(blob), name).toBe(true);
    expect((await extracted(archive, "--to", "-", "table:public.some_size")).stdout).toBe(`${rows}\\.\n\n\n`);
    const two = await extract(archive, "--to", "-", firstBlob, secondBlob);
    expect(two).toMatchObject({ exitCode: 2, stdout: "" });
    expect(two.stderr).toContain("2 entries are asked for, and stdout takes one");
    expect(await extract("--json", archive, "--to", "-", firstBlob)).toMatchObject({ exitCode: 2 });
  });

  test("says what it does not find, before anything is written", async () => {
    const to = join(await tempFolder(), "to");
    const result = await extract(archive, "--to", to, firstBlob, "table:public.none", "**/none");
    expect(result).toMatchObject({ exitCode: 4, stdout: "" });
    expect(result.stderr).toMatch(
      /error: .*second\.ngwbackup holds nothing that is called table:public\.none\n {2}nor \*\*\/none\nhint: see what/,
    );
    expect(existsSync(to)).toBe(false);
    expect(await extract(archive, firstBlob)).toMatchObject({ exitCode: 2, stdout: "" });
    expect(await extract(archive, "--list", "--to", to)).toMatchObject({ exitCode: 2, stdout: "" });
    const nowhere = await extract(archive, "--to", join(to, "deep"), firstBlob);
    expect(nowhere).toMatchObject({ exitCode: 4, stdout: "" });
    expect(nowhere.stderr).toContain(`hint: mkdir -p ${to}`);
    const missing = await extract(join(instance.folder, "none.ngwbackup"), "--to", to);
    expect(missing).toMatchObject({ exitCode: 4, stdout: "" });
  });

  test("replaces nothing unless that is wanted", async () => {
    const to = await tempFolder();
    await extracted(archive, "--to", to, firstBlob);
    const path = blobFile({ ...instance, sdir: to }, firstBlob);
    writeFileSync(path, "mine");
    const refused = await extract(archive, "--to", to, secondBlob, firstBlob);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toContain(`${path} exists already`);
    expect(filesBelow(to)).toHaveLength(1);
    expect(readFileSync(path, "utf8")).toBe("mine");
    await extracted(archive, "--to", to, "--overwrite", firstBlob, secondBlob);
    expect(readFileSync(path).equals(readFileSync(blobFile(instance, firstBlob)))).toBe(true);
    expect(filesBelow(to)).toHaveLength(2);
  });

  test("follows no link in the folder, and replaces one instead of what it leads to", async () => {
    const to = await tempFolder();
    const outside = await tempFolder();
    symlinkSync(outside, join(to, "file_storage"));
    const refused = await extract(archive, "--to", to, firstBlob);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toContain(
      `${to}/file_storage is no folder: expected one, or nothing, found a symbolic link`,
    );
    expect(readdirSync(outside)).toEqual([]);
    writeFileSync(join(outside, "victim"), "mine");
    symlinkSync(join(outside, "victim"), join(to, "toc.dat"));
    expect(await extract(archive, "--to", to, "toc.dat")).toMatchObject({ exitCode: 4 });
    await extracted(archive, "--to", to, "--overwrite", "toc.dat");
    expect(readFileSync(join(outside, "victim"), "utf8")).toBe("mine");
    expect(readFileSync(join(to, "toc.dat")).subarray(0, 5).toString()).toBe("PGDMP");
  });

  test("takes from folders, and from encrypted archives with their key", async () => {
    const folder = join(await tempFolder(), "folder");
    await backupTo(instance, folder, "--no-zip");
    const blob = readFileSync(blobFile(instance, firstBlob));
    expect((await extracted(folder, "--to", "-", firstBlob)).stdoutBytes.equals(blob)).toBe(true);
    const key = join(instance.folder, "key.txt");
    const recipient = (await runCli(["keygen", "-o", key])).stderr.trim().replace("Public key: ", "");
    const sealed = join(await tempFolder(), "a.ngwbackup.age");
    await backupTo(instance, sealed, "--recipient", recipient);
    expect((await extracted(sealed, "--identity", key, "--to", "-", firstBlob)).stdoutBytes.equals(blob)).toBe(true);
    expect(await extract(sealed, "--to", "-", firstBlob)).toMatchObject({ exitCode: 4, stdout: "" });
  });
});
