import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { differences } from "../../src/demo/differences.ts";
import { connect } from "../../src/postgres/connection.ts";
import { takeOperationLock } from "../../src/postgres/operation-lock.ts";
import { Kept, Plan, type RunDetail, StartedRun } from "../../src/web/api/runs.ts";
import { EventReader } from "../fixtures/event-reader.ts";
import { withClient } from "../fixtures/postgres.ts";
import { type ServedInstance, bodyAs, createServedInstance, signedIn } from "../fixtures/served-instance.ts";
import { type WebClient, type WebServer, problemOf } from "../fixtures/web-server.ts";
import { backupTo, sql } from "../operations/increments/changes.ts";

let instance: ServedInstance;
let server: WebServer;
let admin: WebClient;
const ids = { full: "", cut: "" };

beforeAll(async () => {
  instance = await createServedInstance();
  await mkdir(instance.backupFolder);
  await backupTo(instance, join(instance.backupFolder, "full.ngwbackup"));
  await backupTo(instance, join(instance.backupFolder, "newer.ngwbackup"));
  writeFileSync(join(instance.backupFolder, "cut.ngwbackup"), "cut off");
});
afterAll(() => instance.drop());
beforeEach(async () => {
  server = await instance.start();
  admin = await signedIn(server);
  const { archives } = (await admin.get("api/archives")).body as { archives: { id: string; name: string }[] };
  for (const { id, name } of archives)
    if (name !== "newer.ngwbackup") ids[name === "full.ngwbackup" ? "full" : "cut"] = id;
});

async function planOf(archiveId: string, way?: string): Promise<Plan> {
  const begun = bodyAs<Plan>(
    Plan,
    await admin.request("POST", "api/plans", { archiveId, ...(way === undefined ? {} : { way }) }),
    202,
  );
  const reader = await EventReader.open(`${server.url}api/plans/${begun.id}/events`, admin.cookie);
  await reader.ended;
  const last = reader.of<Plan>("plan").at(-1);
  expect(bodyAs<Plan>(Plan, await admin.get(`api/plans/${begun.id}`))).toEqual(last);
  return last!;
}

async function endOf(body: object): Promise<RunDetail> {
  const { runId } = bodyAs<StartedRun>(StartedRun, await admin.request("POST", "api/runs", body), 202);
  const reader = await EventReader.open(`${server.url}api/runs/${runId}/events`, admin.cookie);
  await reader.ended;
  return reader.of<RunDetail>("end")[0]!;
}

test("a plan says what would be replaced by what, and the restore does it; an undo takes it back", async () => {
  const before = await instance.fingerprint();
  await sql(instance, "CREATE TABLE later (id integer)", "DELETE FROM feature_attachment");
  const changed = await instance.fingerprint();
  const plan = await planOf(ids.full);
  const name = instance.database.name;
  expect(plan).toMatchObject({
    archiveId: ids.full,
    state: "possible",
    progress: null,
    error: null,
    way: "in-place",
    present: { database: name, tables: Object.keys(changed.tables).length, files: Object.keys(changed.blobs).length },
    coming: {
      tables: Object.keys(before.tables).length,
      files: Object.keys(before.blobs).length + Object.keys(before.fonts ?? {}).length,
    },
    instanceName: name,
    service: null,
    estimateMs: null,
  });
  expect(plan.findings.length).toBeGreaterThan(5);
  expect(differences(changed, await instance.fingerprint())).toEqual([]);
  expect(bodyAs<Kept>(Kept, await admin.get("api/kept"))).toBeNull();

  const restore = { kind: "restore", archiveId: ids.full, withService: false, migrate: false, way: "in-place" };
  expect(problemOf(await admin.request("POST", "api/runs", { ...restore, confirm: "another" }))).toEqual([
    422,
    "not-confirmed",
  ]);
  const done = await endOf({ ...restore, confirm: name });
  expect(done.run).toMatchObject({ kind: "restore", state: "done", startedBy: "admin" });
  expect(
    differences(before, await instance.fingerprint()).filter(
      (line) => !/token|session|tile_cache|__previous_|^list of/.test(line),
    ),
  ).toEqual([]);
  const kept = bodyAs<Kept>(Kept, await admin.get("api/kept"));
  expect(Date.parse(kept?.keptUntil ?? "")).toBeGreaterThan(Date.now());
  const again = await planOf(ids.full, "in-place");
  expect(again).toMatchObject({ estimateMs: done.run.durationMs, present: { tables: plan.coming?.tables } });

  const undone = await endOf({ kind: "undo", confirm: name });
  expect(undone.run).toMatchObject({ kind: "undo", state: "done" });
  expect(differences(changed, await instance.fingerprint())).toEqual([]);
  const audit = (await admin.get("api/audit")).body as { action: string }[];
  expect(audit.map(({ action }) => action)).toEqual(
    expect.arrayContaining(["plan-restore", "start-restore", "start-undo"]),
  );
});

test("a plan of a damaged archive is refused; so is one while sessions are connected, with every check told", async () => {
  const cut = await planOf(ids.cut);
  expect(cut).toMatchObject({ state: "refused", findings: [], present: null, coming: null });
  expect(cut.error?.code).toBe("archive-damaged");
  await withClient(instance.database.settings, async (client) => {
    await client.query("SELECT 1");
    const plan = await planOf(ids.full);
    expect(plan).toMatchObject({ state: "refused", error: null });
    expect(plan.findings.filter(({ level }) => level === "fail").map(({ check }) => check)).toContain("sessions");
  });
  const holder = await connect(instance.database.settings);
  try {
    await takeOperationLock(holder);
    expect(await planOf(ids.full)).toMatchObject({ state: "failed", error: { code: "busy" } });
    const remove = await admin.request("DELETE", `api/archives/${ids.full}`, { confirm: "full.ngwbackup" });
    expect(problemOf(remove)).toEqual([409, "in-use"]);
  } finally {
    await holder.end();
  }
  expect(statSync(join(instance.backupFolder, "full.ngwbackup")).isFile()).toBe(true);
});

test("a plan is stopped and forgotten, one of the same is made once, and no viewer makes one", async () => {
  const ask = async (archiveId: string): Promise<Plan> =>
    bodyAs<Plan>(Plan, await admin.request("POST", "api/plans", { archiveId }), 202);
  const [first, second] = await Promise.all([ask(ids.full), ask(ids.full)]);
  expect(second.id).toBe(first.id);
  expect(first.state).toBe("running");
  const inUse = await admin.request("DELETE", `api/archives/${ids.full}`, { confirm: "full.ngwbackup" });
  expect(problemOf(inUse)).toEqual([409, "in-use"]);
  const reader = await EventReader.open(`${server.url}api/plans/${first.id}/events`, admin.cookie);
  expect((await admin.request("DELETE", `api/plans/${first.id}`)).status).toBe(204);
  await reader.ended;
  expect(reader.of<Plan>("plan").at(-1)).toMatchObject({ state: "failed", error: { code: "plan-stopped" } });
  expect(problemOf(await admin.get(`api/plans/${first.id}`))).toEqual([404, "not-found"]);
  expect(problemOf(await admin.request("DELETE", `api/plans/${first.id}`))).toEqual([404, "not-found"]);
  expect(problemOf(await admin.request("POST", "api/plans", { archiveId: "none" }))).toEqual([404, "not-found"]);
  const vera = await signedIn(server, "vera");
  expect(problemOf(await vera.request("POST", "api/plans", { archiveId: ids.full }))).toEqual([403, "forbidden"]);
  // A server that goes down takes plans with it, and does not wait for them.
  await ask(ids.full);
  await server.stop();
  expect(server.problems).toEqual([]);
});

test("where the database is away, what needs it says so, and what does not is shown", async () => {
  const [, config] = instance.config;
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace(/^database\.port = .*$/m, "database.port = 1"));
  expect((await admin.get("api/kept")).status).toBe(409);
  expect((await admin.get("api/archives")).status).toBe(200);
  const plan = await planOf(ids.full);
  expect(plan.state).not.toBe("possible");
  expect(plan.error).not.toBeNull();
  rmSync(join(instance.backupFolder, "cut.ngwbackup"));
  expect((await admin.get("api/overview")).status).toBe(200);
});
