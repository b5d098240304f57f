import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(() => instance.drop());

const now = new Date("2020-07-21T23:46:19.500Z");
const hidden = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("."));

interface ToldProgress {
  type: string;
  stage?: string;
  doneBytes: number;
  totalBytes?: number;
  runLeftMs?: number;
}

describe("backup", () => {
  test("prints the path and nothing else on stdout, in UTC whatever the time zone, mode 0600, and notes itself", async () => {
    const result = await runCli(["backup", ...instance.config], { now, env: { TZ: "Asia/Kamchatka" } });
    const path = join(instance.backupFolder, "20200721-234619.ngwbackup");
    expect(result).toMatchObject({ exitCode: 0, stdout: `${path}\n` });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(hidden(instance.backupFolder)).toEqual([]);
    await withClient(instance.database.settings, async (client) => {
      const { rows } = await client.query(
        "select value from setting where component = 'core' and name = 'last_backup'",
      );
      expect(rows).toEqual([{ value: "2020-07-21T23:46:19.500000" }]);
    });
    expect(await runCli(["verify", path])).toMatchObject({ exitCode: 0, stdout: `ok ${path}\n` });
  });

  test("is refused where policies would keep rows from it, which check tells as well", async () => {
    await withClient(instance.database.settings, (client) =>
      client.query(`
        CREATE TABLE kept (id integer); ALTER TABLE kept ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON kept USING (id > 1);
        CREATE TABLE forced (id integer); ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`),
    );
    try {
      const refused = await runCli(["backup", ...instance.config, join(await tempFolder(), "a.ngwbackup")]);
      expect(refused.exitCode).toBe(4);
      expect(refused.stderr).toMatch(/keep rows of 1 table from the role\n {2}"public"\."forced"\nhint: .*BYPASSRLS/);
      const check = await runCli(["check", ...instance.config]);
      expect(check.stdout).toContain("keep rows of 1 table from the role");
      expect(check.exitCode).toBe(4);
    } finally {
      await withClient(instance.database.settings, (client) => client.query("DROP TABLE kept, forced"));
    }
  });

  test("does not overwrite unless told to", async () => {
    const path = join(await tempFolder(), "a.ngwbackup");
    writeFileSync(path, "mine");
    const refused = await runCli(["backup", ...instance.config, path]);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toContain(`error: the target ${path} exists already`);
    expect(readFileSync(path, "utf8")).toBe("mine");
    expect(await runCli(["backup", ...instance.config, "--overwrite", path])).toMatchObject({ exitCode: 0 });
    expect(await runCli(["verify", path])).toMatchObject({ exitCode: 0 });
  });

  test("--one-shot leaves no trace in the instance", async () => {
    const lastBackup = async (): Promise<unknown> =>
      await withClient(
        instance.database.settings,
        async (client) => (await client.query("select value from setting where name = 'last_backup'")).rows,
      );
    const before = await lastBackup();
    const folder = await tempFolder();
    expect(await runCli(["backup", ...instance.config, "--one-shot", folder])).toMatchObject({ exitCode: 0 });
    expect(await lastBackup()).toEqual(before);
  });

  test("goes to stdout, to a folder of files, and into an existing folder", async () => {
    const folder = await tempFolder();
    const piped = await runCli(["backup", ...instance.config, "--quiet", "-"]);
    expect(piped).toMatchObject({ exitCode: 0, stderr: "" });
    writeFileSync(join(folder, "piped.ngwbackup"), piped.stdoutBytes);
    const unzipped = join(folder, "unzipped");
    expect(await runCli(["backup", ...instance.config, "--no-zip", unzipped])).toMatchObject({
      stdout: `${unzipped}\n`,
    });
    const into = await runCli(["backup", ...instance.config, folder], { now });
    expect(into.stdout).toBe(`${join(folder, "20200721-234619.ngwbackup")}\n`);
    const verified = await runCli(["verify", join(folder, "piped.ngwbackup"), unzipped, into.stdout.trim()]);
    expect(verified.stdout.trim().split("\n")).toEqual([
      `ok ${join(folder, "piped.ngwbackup")}`,
      `ok ${unzipped}`,
      `ok ${into.stdout.trim()}`,
    ]);
  });

  test("--dry-run estimates and writes nothing", async () => {
    const folder = await tempFolder();
    const result = await runCli(["backup", ...instance.config, "--dry-run", folder]);
    expect(result).toMatchObject({ exitCode: 0, stdout: "" });
    expect(result.stderr).toMatch(/archive {2}about \d/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("--json ends with the summary", async () => {
    const folder = await tempFolder();
    const result = await runCli(["backup", ...instance.config, "--json", folder]);
    const lines = result.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toMatchObject({ type: "summary", losses: 0, path: expect.stringContaining(folder) as string });
  });

  test("progress of a stage never goes back, and ends at what it said it would be; time left is told from the first", async () => {
    const { stdout } = await runCli(["backup", ...instance.config, "--json", "--one-shot", await tempFolder()]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as ToldProgress);
    for (const stage of ["rows", "blobs"]) {
      const told = events.filter((event) => event.type === "progress" && event.stage === stage);
      expect(told.map(({ doneBytes }) => doneBytes)).toEqual(
        told.map(({ doneBytes }) => doneBytes).toSorted((a, b) => a - b),
      );
      expect(told.at(-1)?.totalBytes).toBeGreaterThan(0);
      expect(told.at(-1)?.doneBytes).toBe(told.at(-1)?.totalBytes);
      expect(told.every(({ runLeftMs = -1 }) => runLeftMs >= 0)).toBe(true);
    }
  });

  test("a missing folder, a missing configuration and an unknown store are named", async () => {
    const missing = await runCli(["backup", ...instance.config, "/nowhere/at/all.ngwbackup"]);
    expect(missing).toMatchObject({ exitCode: 4, stdout: "" });
    expect(missing.stderr).toBe("error: the folder /nowhere/at does not exist\nhint: mkdir -p /nowhere/at\n");
    const noConfig = await runCli(["backup", "--config", "/nowhere/config.ini"]);
    expect(noConfig).toMatchObject({ exitCode: 2, stdout: "" });
    expect(noConfig.stderr).toContain("/nowhere/config.ini");
    expect(await runCli(["backup", ...instance.config, "ftp://host/x"])).toMatchObject({ exitCode: 2 });
  });

  test("files that cannot be found refuse a backup instead of giving one without them", async () => {
    const missing = await runCli(["backup", "--config", await configWith({}, "/nowhere/data"), await tempFolder()]);
    expect(missing).toMatchObject({ exitCode: 4, stdout: "" });
    expect(missing.stderr).toContain("there is no folder /nowhere/data/file_storage");
    const unset = await runCli(["backup", "--config", await configWith({}, ""), await tempFolder()]);
    expect(unset).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("JSON and an archive do not go to the same stdout", async () => {
    expect(await runCli(["backup", ...instance.config, "--json", "-"])).toMatchObject({ exitCode: 2 });
  });

  test("a second run while one is at work is refused as busy", async () => {
    await withClient(instance.database.settings, async (client) => {
      await client.query("select pg_advisory_lock(x'6e677762'::int, 1)");
      const result = await runCli(["backup", ...instance.config, await tempFolder()]);
      expect(result).toMatchObject({ exitCode: 6, stdout: "" });
      expect(result.stderr).toContain("another backup or restore of this database is at work\n  pid ");
    });
  });

  test("a server that is not there and a wrong password are named, and no password is shown", async () => {
    const stopped = await runCli([
      "backup",
      "--config",
      await configWith({ host: "/nowhere/socket" }),
      await tempFolder(),
    ]);
    expect(stopped).toMatchObject({ exitCode: 4, stdout: "" });
    expect(stopped.stderr).toMatch(/^error: .*\nhint: /);
    const secret = "not-the-password";
    const wrong = await runCli([
      "backup",
      "--config",
      await configWith({ password: secret, user: "nobody_at_all" }),
      await tempFolder(),
    ]);
    expect(wrong).toMatchObject({ exitCode: 4, stdout: "" });
    expect(wrong.stderr).not.toContain(secret);
  });
});

describe("losses", () => {
  let lossy: TestInstance;
  beforeAll(async () => {
    lossy = await createTestInstance();
    await createInstance({ settings: lossy.database.settings, sdir: lossy.sdir, scale: tinyScale });
  });
  afterAll(() => lossy.drop());

  test("a missing and a truncated blob are named, the rest is saved, exit 3; --strict writes nothing", async () => {
    const blobs = Object.entries((await lossy.fingerprint()).blobs).filter(([, { size }]) => size > 10);
    const [missing, truncated] = [blobs[0]![0], blobs[1]![0]];
    const root = join(lossy.sdir, "file_storage");
    rmSync(join(root, missing));
    await truncate(join(root, truncated), 5);
    const folder = join(await tempFolder(), "archives");
    await mkdir(folder);
    const strict = await runCli(["backup", ...lossy.config, "--strict", folder]);
    expect(strict).toMatchObject({ exitCode: 1, stdout: "" });
    expect(readdirSync(folder)).toEqual([]);
    const result = await runCli(["backup", ...lossy.config, folder]);
    expect(result.exitCode).toBe(3);
    const name = (path: string): string => `${path.split("/")[0]}/${path.split("/").at(-1)}`;
    expect(result.stderr).toContain(`blob ${name(missing)} is missing`);
    expect(result.stderr).toContain(`blob ${name(truncated)} is of another size than its row`);
    const path = result.stdout.trim();
    expect(await runCli(["verify", path])).toMatchObject({ exitCode: 0 });
    const inspected = await runCli(["inspect", path]);
    expect(inspected.stdout).toContain(`${name(missing)}: missing`);
    expect(inspected.stdout).toContain(`${name(truncated)}: size`);
  });
});

async function configWith(options: Record<string, string>, sdir = instance.sdir): Promise<string> {
  const path = join(await tempFolder(), "config.ini");
  const { host, port, database, user } = instance.database.settings;
  const all = { host, port, name: database, user, ...options };
  const lines = Object.entries(all).map(([key, value]) => `database.${key} = ${value}`);
  writeFileSync(path, ["[core]", `sdir = ${sdir}`, ...lines, ""].join("\n"));
  return path;
}
