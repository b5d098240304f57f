import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { openExistingHistory } from "../../src/history/history.ts";
import { readRunOwner } from "../../src/history/read-runs.ts";
import { connect } from "../../src/postgres/connection.ts";
import { takeOperationLock } from "../../src/postgres/operation-lock.ts";
import {
  type RunDetail,
  RunDetail as RunDetailSchema,
  RunPage,
  type RunRow,
  StartedRun,
} from "../../src/web/api/runs.ts";
import { EventReader } from "../fixtures/event-reader.ts";
import { beginRun, stateFolderOf } from "../fixtures/made-up-run.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { type ServedInstance, bodyAs, createServedInstance, signedIn } from "../fixtures/served-instance.ts";
import { addBlob, removeBlob } from "../operations/increments/changes.ts";
import { type WebClient, type WebServer, problemOf, webInstance } from "../fixtures/web-server.ts";

let instance: ServedInstance;
/** While it is there, runs wait in their hook. */
let gate: string;
let server: WebServer;
let admin: WebClient;

beforeAll(async () => {
  instance = await createServedInstance();
  await mkdir(instance.backupFolder);
  gate = join(instance.folder, "gate");
  const hook = join(instance.folder, "hook.sh");
  writeFileSync(hook, `#!/bin/sh\nwhile [ -e ${gate} ]; do sleep 0.05; done\n`, { mode: 0o755 });
  const [, config] = instance.config;
  writeFileSync(config, `[ngwbackup]\nhook.before = ${hook}\nkeep.last = 1\n`, { flag: "a" });
});
afterAll(async () => {
  rmSync(gate, { force: true });
  await instance.drop();
});
beforeEach(async () => {
  rmSync(gate, { force: true });
  server = await instance.start();
  admin = await signedIn(server);
});

async function start(body: object): Promise<number> {
  return bodyAs<StartedRun>(StartedRun, await admin.request("POST", "api/runs", body), 202).runId;
}

/** Follows a run to its end. */
async function endOf(id: number, client = admin): Promise<RunDetail> {
  const reader = await EventReader.open(`${server.url}api/runs/${id}/events`, client.cookie);
  await reader.ended;
  const [end] = reader.of<RunDetail>("end");
  if (end === undefined) throw new Error(`the stream of run ${id} ended before the run`);
  return end;
}

async function archiveId(path: string): Promise<string> {
  const { body } = await admin.get("api/archives");
  const { archives } = body as { archives: { id: string; path: string }[] };
  const found = archives.find((archive) => archive.path === path);
  if (found === undefined) throw new Error(`no archive ${path}`);
  return found.id;
}

test("a backup is started, followed to its end, verified, drilled and pruned from the page; who did it is kept", async () => {
  const id = await start({ kind: "backup", tags: ["by-hand", "-odd"] });
  const backup = await endOf(id);
  expect(backup.run).toMatchObject({ kind: "backup", state: "done", startedBy: "admin", exitCode: 0 });
  expect(backup.stages.length).toBeGreaterThan(1);
  const [path = ""] = backup.run.subjects;
  expect(existsSync(path)).toBe(true);
  const archive = await archiveId(path);
  const verify = await endOf(await start({ kind: "verify", archiveIds: [archive] }));
  expect(verify.run).toMatchObject({ kind: "verify", state: "done", subjects: [path] });
  const drill = await endOf(await start({ kind: "drill", archiveId: archive }));
  expect(drill.run).toMatchObject({ kind: "drill", state: "done" });
  expect(drill.run.recoveryMs).toBeGreaterThan(0);
  const increment = await endOf(await start({ kind: "backup", base: "latest" }));
  expect(increment.run).toMatchObject({ state: "done" });
  const { body } = await admin.get("api/archives");
  const { archives, places } = body as {
    places: { id: string }[];
    archives: { path: string; tags: string[]; incremental: boolean; verified: unknown; drilled: unknown }[];
  };
  expect(archives.find((one) => one.path === path)).toMatchObject({
    tags: ["by-hand", "-odd"],
    verified: { runId: verify.run.id, state: "done" },
    drilled: { runId: drill.run.id, recoveryMs: drill.run.recoveryMs },
  });
  expect(archives.some(({ incremental }) => incremental)).toBe(true);
  const prune = await endOf(await start({ kind: "prune", place: places[0]?.id }));
  expect(prune.run).toMatchObject({ kind: "prune", state: "done" });
  const audit = (await admin.get("api/audit")).body as { action: string; who: string; runId: number | null }[];
  expect(audit.slice(0, 5).map(({ action }) => action)).toEqual([
    "start-prune",
    "start-backup",
    "start-drill",
    "start-verify",
    "start-backup",
  ]);
  expect(audit.find(({ action }) => action === "start-verify")).toMatchObject({ who: "admin", runId: verify.run.id });
  // What the program printed stands nowhere any more.
  expect(readdirSync(join(instance.sdir, ".ngwbackup")).filter((name) => name.startsWith("run-output"))).toEqual([]);
  expect(server.problems).toEqual([]);
});

test("a backup goes on while the server is started anew, which tells of it and of its end; it is stopped from there, too", async () => {
  writeFileSync(gate, "");
  const [goesOn, stopped] = [await start({ kind: "backup" }), await start({ kind: "backup" })];
  await server.stop();
  server = await instance.start();
  admin = await signedIn(server);
  const all = await EventReader.open(`${server.url}api/events`, admin.cookie);
  await all.until("the runs", () => all.of("runs").length > 0);
  expect(all.of<RunRow[]>("runs")[0]?.map(({ id, startedBy }) => [id, startedBy])).toEqual([
    [goesOn, "admin"],
    [stopped, "admin"],
  ]);
  const ends = Promise.all([endOf(goesOn), endOf(stopped)]);
  expect((await admin.request("POST", `api/runs/${stopped}/cancel`)).status).toBe(202);
  // Once more is no second signal, which would leave things as they are.
  expect((await admin.request("POST", `api/runs/${stopped}/cancel`)).status).toBe(202);
  await all.until("its end", () => all.of<RunRow[]>("runs").at(-1)?.length === 1);
  rmSync(gate);
  const [first, second] = await ends;
  expect(first.run).toMatchObject({ id: goesOn, state: "done" });
  expect(second.run).toMatchObject({ id: stopped, state: "interrupted", exitCode: 143 });
  const { body } = await admin.get("api/audit");
  expect(body).toContainEqual(expect.objectContaining({ action: "cancel-run", runId: stopped }));
});

test("a backup of the command line is seen live, with its progress, and can be stopped", async () => {
  const large = await addBlob(instance, 20_000_000);
  onTestFinished(async () => await removeBlob(instance, large));
  const target = join(instance.folder, "slow.ngwbackup");
  const { child, ended } = startProgram(["backup", ...instance.config, "--read-rate", "1MiB", target]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const all = await EventReader.open(`${server.url}api/events`, admin.cookie);
  const latest = (): RunRow | undefined => all.of<RunRow[]>("runs").at(-1)?.[0];
  const isAt = (stage: string): boolean =>
    latest()?.progress?.stage === stage && (latest()?.progress?.doneBytes ?? 0) > 0;
  await all.until("progress", () => isAt("blobs"));
  expect(latest()).toMatchObject({ kind: "backup", state: "running", startedBy: null, progress: { stage: "blobs" } });
  await all.until("the rate", () => (latest()?.progress?.bytesPerSecond ?? 0) > 0);
  expect(latest()?.progress?.totalBytes).toBeGreaterThan(0);
  expect(latest()?.progress?.leftMs).not.toBeNull();
  const id = latest()?.id ?? 0;
  const listed = bodyAs<RunPage>(RunPage, await admin.get("api/runs?state=running"));
  expect(listed.runs).toMatchObject([{ id, progress: { stage: "blobs" } }]);
  const detail = bodyAs<RunDetail>(RunDetailSchema, await admin.get(`api/runs/${id}`));
  expect(detail.stages.length).toBeGreaterThan(0);
  const end = endOf(id);
  expect((await admin.request("POST", `api/runs/${id}/cancel`)).status).toBe(202);
  expect((await end).run).toMatchObject({ state: "interrupted" });
  expect((await ended).exitCode).toBe(143);
  expect(existsSync(target)).toBe(false);
});

test("a run that is killed is told as interrupted, with what it had told", async () => {
  writeFileSync(gate, "");
  const id = await start({ kind: "backup" });
  const end = endOf(id);
  const history = await openExistingHistory(stateFolderOf(instance.sdir));
  const owner = history === undefined ? undefined : readRunOwner(history, id);
  history?.database.close();
  if (owner === undefined) throw new Error(`run ${id} has no owner`);
  process.kill(owner.pid, "SIGKILL");
  expect((await end).run).toMatchObject({ id, state: "interrupted", exitCode: null, durationMs: null });
});

test("what cannot begin says why: busy, refused, and what the page itself finds wrong", async () => {
  const holder = await connect(instance.database.settings);
  try {
    await takeOperationLock(holder);
    const busy = await admin.request("POST", "api/runs", { kind: "backup" });
    expect(problemOf(busy)).toEqual([409, "busy"]);
  } finally {
    await holder.end();
  }
  const { runs } = bodyAs<RunPage>(RunPage, await admin.get("api/runs?limit=1"));
  expect(runs).toMatchObject([{ state: "busy", exitCode: 6, error: { code: "busy" }, startedBy: "admin" }]);
  const refused = await admin.request("POST", "api/runs", { kind: "undo", confirm: instance.database.name });
  expect(problemOf(refused)).toEqual([409, "nothing-to-undo"]);
  expect((refused.body as { hints: string[] }).hints).not.toEqual([]);
  const wrong = async (body: object): Promise<unknown> => problemOf(await admin.request("POST", "api/runs", body));
  expect(await wrong({ kind: "undo", confirm: "another" })).toEqual([422, "not-confirmed"]);
  expect(await wrong({ kind: "drill", archiveId: "../../etc/passwd" })).toEqual([404, "not-found"]);
  expect(await wrong({ kind: "prune", place: "/" })).toEqual([404, "not-found"]);
  expect(await wrong({ kind: "backup", tags: ["a b"] })).toEqual([400, "invalid-request"]);
  expect(await wrong({ kind: "backup", tags: ["a\0b"] })).toEqual([400, "invalid-request"]);
  expect(await wrong({ kind: "format-disk" })).toEqual([400, "invalid-request"]);
  // Each time: a run of that number, when it comes, can be stopped.
  for (const _ of [1, 2])
    expect(problemOf(await admin.request("POST", "api/runs/999999/cancel"))).toEqual([404, "not-found"]);
  expect(problemOf(await admin.request("POST", `api/runs/${runs[0]?.id}/cancel`))).toEqual([409, "not-running"]);
});

test("what is wrong with the configuration is told by whatever is asked", async () => {
  const broken = await webInstance({ admin: "operator" });
  const up = await broken.start();
  const client = await signedIn(up);
  writeFileSync(broken.config, "[ngwbackup]\njobs = many\n", { flag: "a" });
  for (const answer of [
    await client.get("api/runs"),
    await client.get("api/events"),
    await client.get("api/overview"),
    await client.request("POST", "api/runs", { kind: "backup" }),
  ])
    expect(answer.status).toBe(422);
});

test("viewers look, and start and stop nothing", async () => {
  const vera = await signedIn(server, "vera");
  expect((await vera.get("api/runs")).status).toBe(200);
  expect(problemOf(await vera.request("POST", "api/runs", { kind: "backup" }))).toEqual([403, "forbidden"]);
  expect(problemOf(await vera.request("POST", "api/runs/1/cancel"))).toEqual([403, "forbidden"]);
});

test("runs come page by page, by kind and by state; a run that was killed shows as interrupted", async () => {
  const made = await webInstance({ vera: "viewer" });
  const up = await made.start();
  const vera = await signedIn(up, "vera");
  const sdir = join(made.folder, "data");
  expect(bodyAs<RunPage>(RunPage, await vera.get("api/runs"))).toEqual({ runs: [], hasMore: false });
  for (let index = 1; index <= 25; index += 1) {
    const run = await beginRun(sdir, index % 5 === 0 ? "verify" : "backup", { subject: `/a/${index}\n/b` });
    const error = { code: "x", message: "it failed", hint: "one\ntwo" };
    await run.end(index % 2 === 0 ? {} : { state: "failed", exitCode: 1, error });
  }
  const page = async (query: string): Promise<RunPage> => bodyAs<RunPage>(RunPage, await vera.get(`api/runs?${query}`));
  const ids = async (query: string): Promise<number[]> => (await page(query)).runs.map(({ id }) => id);
  const first = await page("limit=10");
  expect([first.runs[0]?.id, first.runs.at(-1)?.id, first.hasMore]).toEqual([25, 16, true]);
  expect(first.runs[0]).toMatchObject({
    subjects: ["/a/25", "/b"],
    error: { hints: ["one", "two"] },
    durationMs: 1000,
  });
  const last = await page("limit=10&before=6");
  expect([last.runs.map(({ id }) => id), last.hasMore]).toEqual([[5, 4, 3, 2, 1], false]);
  expect(await ids("kind=verify")).toEqual([25, 20, 15, 10, 5]);
  expect(await ids("kind=verify&state=done")).toEqual([20, 10]);
  const dead = await beginRun(sdir, "drill", { host: "elsewhere", startedAt: Date.now() - 30 * 24 * 60 * 60 * 1000 });
  expect(await ids("state=running")).toEqual([]);
  const [interrupted] = (await page("state=interrupted")).runs;
  expect(interrupted).toMatchObject({ id: dead.id, state: "interrupted", durationMs: null, exitCode: null });
  for (const query of ["limit=0", "limit=5000", "kind=none", "state=lost", "before=x"])
    expect((await vera.get(`api/runs?${query}`)).status).toBe(400);
  expect(problemOf(await vera.get("api/runs/4711"))).toEqual([404, "not-found"]);
  expect((await vera.get("api/runs/x")).status).toBe(400);
});
