import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import type { Client } from "../../src/postgres/connection.ts";
import { type TestDatabase, createTestDatabase, testCluster, withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

// A drill is a restore and more; on a loaded machine it takes its time.
vi.setConfig({ testTimeout: 300_000 });

let instance: TestInstance;
let superuser: TestDatabase;
let place: string;
/** Databases and roles of the server, which no drill may add to. */
let before: string[];

const onServer = <T>(action: (client: Client) => Promise<T>): Promise<T> =>
  withClient({ ...instance.database.admin, database: "postgres" }, action);

const everything = (): Promise<string[]> =>
  onServer(async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT datname::text AS name FROM pg_database UNION ALL SELECT rolname::text FROM pg_roles ORDER BY 1",
    );
    return rows.map(({ name }) => name).filter((name) => name.startsWith("ngwbackup_drill") || ownNames(name));
  });
/** Other test files work on the same server. */
const ownNames = (name: string): boolean => name.startsWith(instance.database.name) || name.startsWith(superuser.name);

/** The environment that makes a drill go to the tests' server, as a role. */
const server = (user: string, more: Record<string, string> = {}): { env: Record<string, string> } => {
  const { host, port } = testCluster();
  const options = { HOST: host, PORT: String(port), USER: user, ...more };
  const named = Object.entries(options).map(([name, value]) => [`NEXTGISWEB__NGWBACKUP__DRILL__${name}`, value]);
  return { env: Object.fromEntries(named) as Record<string, string> };
};

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "ngwbackup-test-"));
  instance = await createTestInstance({ readyForSideBySide: true, extraConfig: `backup.tmpdir = ${place}` });
  superuser = await createTestDatabase({ superuser: true, postgis: false });
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  expect((await runCli(["backup", ...instance.config])).exitCode).toBe(0);
  before = await everything();
});
afterAll(async () => {
  await instance.drop();
  await superuser.drop();
  await rm(place, { recursive: true, force: true });
});
afterEach(async () => {
  expect(readdirSync(place)).toEqual([]);
  expect(await everything()).toEqual(before);
});

test("a superuser's server: a role and a database of the drill's own, which go with it", async () => {
  const untouched = await instance.fingerprint();
  await onServer((client) => client.query(`ALTER ROLE ${superuser.role} PASSWORD '${databaseSecret}'`));
  const seen = join(await tempFolder(), "seen");
  const script = join(await tempFolder(), "check");
  await writeFile(
    script,
    `#!/bin/sh
{ cat "$NEXTGISWEB_CONFIG"; stat -c '%a' "$NEXTGISWEB_CONFIG" "$(dirname "$NEXTGISWEB_CONFIG")/password"
env | grep '^NEXTGISWEB__CORE__DATABASE'; wc -c < "$(dirname "$NEXTGISWEB_CONFIG")/password"; } > ${seen}\n`,
    { mode: 0o755 },
  );
  const { env } = server(superuser.role, { HOST: "127.0.0.1", PASSWORD: databaseSecret, COMMAND: script });
  const { stdout, stderr, exitCode } = await runCli(["drill", ...instance.config], {
    env: { ...env, NEXTGISWEB__CORE__DATABASE__CONNECT_TIMEOUT: "20" },
  });
  expect(exitCode, stdout + stderr).toBe(0);
  expect(stderr).not.toContain("warning");
  expect(stdout).toMatch(/^ok +rows +[1-9][\d,]* rows of [1-9]\d* tables counted$/m);
  expect(stdout).toMatch(/^ok +indexes +[1-9]\d* indexes are valid, [1-9]\d* B-trees agree with their tables$/m);
  expect(stdout).toMatch(/^ok +geometries +[1-9]\d* geometries /m);
  expect(stdout).toMatch(/^ok +drill\.command /m);
  const told = await readFile(seen, "utf8");
  expect(told).toMatch(/^database\.name = (ngwbackup_drill_[a-z0-9]{10})\ndatabase\.user = \1$/m);
  expect(told).not.toContain("NEXTGISWEB__CORE__DATABASE");
  expect(told).toMatch(/^600\n600\n32$/m);
  expect(await instance.fingerprint()).toEqual(untouched);
});

test("a role with CREATEDB and a template that holds PostGIS", async () => {
  const { role, name } = instance.database;
  for (const template of [{ NEXTGISWEB__NGWBACKUP__TEMPLATE: `${name}_template` }, {}]) {
    const { env } = server(role);
    const { stdout, stderr, exitCode } = await runCli(["drill", ...instance.config], { env: { ...env, ...template } });
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/^ok +geometries +[1-9]\d* geometries /m);
    expect(stdout).toMatch(
      /^ok +indexes +[1-9]\d* indexes are valid; not compared with their tables: permission denied/m,
    );
  }
});

test("refused before anything is made", async () => {
  const drill = async (options: { env: Record<string, string> }) =>
    await runCli(["drill", ...instance.config], options);
  const { name, role } = instance.database;
  const own = await drill(server(superuser.role, { DATABASE: name }));
  expect(own).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("instance's own name") });
  const plain = await createTestDatabase({ postgis: false });
  try {
    const weak = await drill(server(plain.role));
    expect(weak).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`ALTER ROLE "${plain.role}" CREATEDB`) });
  } finally {
    await plain.drop();
  }
  const away = await drill(server(role, { PORT: "1" }));
  expect(away).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("drill.host") });
  const { env } = server(role);
  const { NEXTGISWEB__NGWBACKUP__DRILL__HOST: _, ...withoutHost } = env;
  expect(await drill({ env: withoutHost })).toMatchObject({ exitCode: 2 });
});

test("a drill without a template comes to no verdict, and leaves nothing", async () => {
  const other = await createTestDatabase({ postgis: false, createDb: true });
  try {
    const drilled = await runCli(["drill", ...instance.config], {
      env: { ...server(other.role).env, NEXTGISWEB__NGWBACKUP__TEMPLATE: other.name },
    });
    expect(drilled.exitCode, drilled.stderr).toBe(1);
    expect(drilled.stderr).toContain("it lacks postgis");
  } finally {
    await other.drop();
  }
});

test.each([
  ["SIGTERM", "superuser"],
  ["SIGKILL", "superuser"],
  ["SIGKILL", "role"],
] as const)("a drill that %s ends as %s: the next one drops what it left, and nothing else", async (signal, as) => {
  const user = as === "superuser" ? superuser.role : instance.database.role;
  const { child, ended } = startProgram(["drill", ...instance.config], server(user));
  const isThere = (): boolean =>
    readdirSync(place, { recursive: true }).some((name) => /file_storage/.test(String(name)));
  while (!isThere() && child.exitCode === null) await sleep(20);
  child.kill(signal);
  const { exitCode, stderr } = await ended;
  expect(exitCode, stderr).toBe(signal === "SIGTERM" ? 143 : null);
  if (signal === "SIGTERM") return;
  await sessionsGone();
  const left = (await everything()).filter((name) => !before.includes(name));
  expect(left).not.toEqual([]);
  // Alike, but without our mark, or another role's.
  const alike = ["ngwbackup_drill_aaaaaaaaaa", "ngwbackup_drill_bbbbbbbbbb"];
  await onServer(async (client) => {
    await client.query(`CREATE DATABASE ${alike[0]} OWNER ${user}`);
    await client.query(`COMMENT ON DATABASE ${alike[0]} IS 'mine'`);
    await client.query(`CREATE DATABASE ${alike[1]}`);
  });
  try {
    const next = await runCli(["drill", ...instance.config], server(user));
    expect(next.exitCode, next.stderr).toBe(0);
    for (const name of left) expect(next.stderr).toContain(`dropped ${name}, which an earlier drill had left behind`);
    expect(await everything()).toEqual([...before, ...alike].toSorted());
  } finally {
    for (const name of alike) await onServer((client) => client.query(`DROP DATABASE ${name}`));
  }
});

/** The server notices that its client is gone within a second or so. */
async function sessionsGone(): Promise<void> {
  const sql = "SELECT FROM pg_stat_activity WHERE application_name LIKE 'ngwbackup drill %'";
  while ((await onServer((client) => client.query(sql))).rows.length > 0) await sleep(50);
}
