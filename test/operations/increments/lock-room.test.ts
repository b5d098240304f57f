import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { type TestCluster, startTestCluster } from "../../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { sql } from "./changes.ts";

let server: TestCluster;
let instance: TestInstance;
let made = 0;

beforeAll(async () => {
  server = await startTestCluster(new AbortController().signal, {
    max_locks_per_transaction: "10",
    max_connections: "20",
  });
  instance = await createTestInstance({ cluster: server.address });
  await mkdir(instance.backupFolder);
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await sql(instance, "CREATE TABLE log (id integer, name text)");
  await sql(instance, "INSERT INTO log SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 2000) n");
}, 120_000);
afterAll(async () => {
  await instance?.drop();
  await server?.stop();
});

interface Backup {
  path: string;
  untouchedTableBytes: number;
  /** Whether every table was locked. */
  isLocked: boolean;
}

/** @returns undefined where the server had no room for what pg_dump locks either */
async function backup(...flags: string[]): Promise<Backup | undefined> {
  made += 1;
  const path = join(instance.backupFolder, `${made}.ngwbackup`);
  const { exitCode, stdout } = await runCli(["backup", ...instance.config, "--json", ...flags, path]);
  if (/"code":"no-lock-space"/.test(stdout)) return undefined;
  expect(exitCode, stdout).toBe(0);
  const summary = JSON.parse(stdout.trim().split("\n").at(-1)!) as Omit<Backup, "isLocked">;
  return { ...summary, isLocked: !/no room for a lock on every table/.test(stdout) };
}

test("where the server cannot lock every table, rows are read that nobody has touched", async () => {
  let base = await backup();
  expect(base).toMatchObject({ isLocked: true });
  const known = await backup("--base", base!.path);
  expect(known).toMatchObject({ isLocked: true });
  expect(known?.untouchedTableBytes).toBeGreaterThan(500_000);
  // A step further than needed, since how much room there is differs a little.
  for (let step = 0, beyond = 0; beyond < 2 && step < 10; step += 1) {
    const names = Array.from({ length: 40 }, (_, index) => `spare_${step}_${index}`);
    await sql(instance, names.map((name) => `CREATE TABLE ${name} (id integer)`).join(";"));
    base = await backup();
    if (base?.isLocked === false) beyond += 1;
  }
  expect(base).toMatchObject({ isLocked: false });
  expect(await backup("--base", base!.path)).toMatchObject({ isLocked: false, untouchedTableBytes: 0 });
}, 120_000);
