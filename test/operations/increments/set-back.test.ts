import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { hasSameRows } from "../../../src/postgres/same-rows.ts";
import { openSnapshot } from "../../../src/postgres/snapshot.ts";
import { readTransactionHorizon } from "../../../src/postgres/transaction-horizon.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { mustSucceed } from "../../fixtures/python.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { type TestCluster, startTestCluster } from "../../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { sql } from "./changes.ts";

let server: TestCluster;
let instance: TestInstance;
let data: string;
let copy: string;

beforeAll(async () => {
  server = await startTestCluster(new AbortController().signal, { synchronous_commit: "on" });
  instance = await createTestInstance({ cluster: server.address });
  await mkdir(instance.backupFolder);
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await sql(instance, "CREATE TABLE log (id integer, name text)");
  await sql(instance, "INSERT INTO log SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 2000) n");
  data = join(server.address.host, "data");
  copy = join(server.address.host, "copy");
}, 120_000);
afterAll(async () => {
  await instance?.drop();
  await server?.stop();
});

async function backup(name: string, ...flags: string[]): Promise<{ path: string; untouchedTableBytes: number }> {
  const path = join(instance.backupFolder, name);
  const result = await runCli(["backup", ...instance.config, "--json", ...flags, path]);
  expect(result.exitCode, result.stderr).toBe(0);
  return JSON.parse(result.stdout.trim().split("\n").at(-1)!) as { path: string; untouchedTableBytes: number };
}

/** The data folder as it is now, or as it was, while the server stands still. */
async function whileHalted(action: () => Promise<void>): Promise<void> {
  await server.cluster.halt("fast");
  await action();
  await server.cluster.resume();
}

/** With owners and modes, which Node.js leaves out. */
const copyAll = async (from: string, to: string): Promise<void> => void (await mustSucceed("cp", ["-a", from, to]));

const addRows = async (name: string): Promise<void> =>
  await sql(instance, `INSERT INTO log SELECT 10000 + n, '${name}' || n FROM generate_series(1, 500) n`);

test("a server that was set back, and went on with the same numbers, does not pass for the one before", async () => {
  await whileHalted(() => copyAll(data, copy));
  await addRows("lost ");
  const snapshot = await openSnapshot(instance.database.settings);
  const horizon = await readTransactionHorizon(snapshot.client, 150_000);
  await snapshot.close();
  const base = await backup("base.ngwbackup");
  await whileHalted(async () => {
    await rm(data, { recursive: true });
    await copyAll(copy, data);
  });
  await addRows("real ");
  // Transactions after it, so that numbers alone say that all is well.
  for (let count = 0; count < 20; count += 1) await sql(instance, "SELECT pg_current_xact_id()");
  const piece = { schema: "public", name: "log", where: "" };
  const looksSame = await withClient(instance.database.settings, async (client) => {
    await client.query("BEGIN");
    return await hasSameRows(client, piece, { endedBelow: horizon!.endedBelow, rows: 2500 }, 1000);
  });
  expect(looksSame, "the danger is real").toBe(true);
  const next = await backup("next.ngwbackup", "--base", base.path);
  expect(next.untouchedTableBytes).toBe(0);
  const extracted = await runCli(["extract", next.path, "table:public.log", "--to", "-"]);
  expect(extracted.exitCode, extracted.stderr).toBe(0);
  expect(extracted.stdout).toContain("real 500");
  expect(extracted.stdout).not.toContain("lost");
}, 120_000);

test("a server that has crashed goes on where it was", async () => {
  await backup("before.ngwbackup");
  await server.cluster.halt("immediate");
  await server.cluster.resume();
  const { untouchedTableBytes } = await backup("after.ngwbackup", "--base", "latest");
  expect(untouchedTableBytes).toBeGreaterThan(500_000);
}, 120_000);
