import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Compile } from "typebox/schema";
import { expect, test } from "vitest";
import { Overview } from "../../src/web/api/overview.ts";
import { NotificationTest, SettingsView } from "../../src/web/api/settings.ts";
import { toolVersion } from "../../src/version.ts";
import { writeDatedArchive } from "../fixtures/dated-archive.ts";
import { startHookServer } from "../fixtures/hook-server.ts";
import { beginRun } from "../fixtures/made-up-run.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { bodyAs, signedIn } from "../fixtures/served-instance.ts";
import { problemOf, webInstance } from "../fixtures/web-server.ts";

const dayMs = 24 * 60 * 60 * 1000;

test("the overview says how things stand before there is anything, and with a history", async () => {
  const instance = await webInstance({ vera: "viewer" }, "max_age = 1d");
  const vera = await signedIn(await instance.start(), "vera");
  const read = async (): Promise<Overview> => bodyAs<Overview>(Overview, await vera.get("api/overview"));
  const empty = await read();
  expect(empty).toMatchObject({ maxAgeMs: dayMs, lastBackup: null, lastRuns: [], running: [], trend: [] });
  expect(empty.findings[0]).toMatchObject({ check: "backup", level: "fail" });
  expect(empty.instance).toMatchObject({ host: hostname(), version: toolVersion });
  expect(empty.room?.freeBytes).toBeGreaterThan(0);

  const sdir = join(instance.folder, "data");
  const path = join(instance.folder, "backup", "a.ngwbackup");
  await writeDatedArchive(path, {});
  const past = async (agoMs: number, state: "done" | "losses" | "failed", sizeBytes: number): Promise<number> => {
    const run = await beginRun(sdir, "backup", { startedAt: Date.now() - agoMs, subject: path });
    await run.end({ state, sizeBytes, losses: state === "losses" ? 2 : 0, freeBytes: 1e9 - agoMs });
    return run.id;
  };
  await past(100 * dayMs, "done", 1);
  const [older, newer] = [await past(3 * dayMs, "done", 10), await past(dayMs / 2, "losses", 20)];
  const failed = await past(dayMs / 4, "failed", 0);
  const drill = await beginRun(sdir, "drill", { subject: path });
  await drill.end({ summary: { recoveryMs: 500 } });
  const running = await beginRun(sdir, "verify", { subject: path });
  running.tell({ progress: { stage: "blobs", doneBytes: 1, totalBytes: 2, bytesPerSecond: null, leftMs: null } });
  const full = await read();
  expect(full.lastBackup).toMatchObject({ path, sizeBytes: 20, losses: 2, isGone: false });
  const { archives } = (await vera.get("api/archives")).body as { archives: { id: string }[] };
  expect(full.lastBackup?.archiveId).toBe(archives[0]?.id);
  expect(full.trend.map(({ runId, sizeBytes, losses }) => [runId, sizeBytes, losses])).toEqual([
    [older, 10, 0],
    [newer, 20, 2],
  ]);
  expect(full.lastRuns).toMatchObject([
    { kind: "backup", last: { id: failed }, lastSuccess: { id: newer } },
    { kind: "verify", last: null, lastSuccess: null },
    { kind: "drill", last: { id: drill.id, recoveryMs: 500 }, lastSuccess: { id: drill.id } },
  ]);
  expect(full.running).toMatchObject([{ id: running.id, progress: { stage: "blobs" } }]);
  expect(full.findings.map(({ check }) => check)).toContain("backup-failed");
});

test("settings are shown to operators with their sources, secrets masked, and a notification is tried out", async () => {
  const hook = await startHookServer();
  const secret = "hush-token-4711";
  const lines = [
    `webhook.url = ${hook.origin}/${secret}?x=1`,
    `webhook.token = ${secret}`,
    "schedule.drill = never",
    `admin.password = ${databaseSecret}`,
    "admin.user = postgres",
  ];
  const instance = await webInstance({ admin: "operator", vera: "viewer" }, lines.join("\n"));
  const server = await instance.start();
  const admin = await signedIn(server);
  const answer = await admin.get("api/settings");
  const view = bodyAs<SettingsView>(SettingsView, answer);
  expect(view.files).toEqual([instance.config]);
  const option = (name: string): SettingsView["options"][number] | undefined =>
    view.options.find((one) => one.option === name);
  expect(option("sdir")).toMatchObject({ section: "core", value: join(instance.folder, "data"), isDefault: false });
  expect(option("sdir")?.source).toBe(`${instance.config}:2`);
  expect(option("max_age")).toMatchObject({ section: "ngwbackup", source: "default", isDefault: true });
  expect(option("webhook.token")?.value).toBe("********");
  expect(answer.text).not.toContain(secret);
  expect(answer.text).not.toContain(databaseSecret);
  expect(view.channels).toEqual([{ kind: "webhook", name: "webhook", to: hook.origin }]);
  expect(view.schedule.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["backup", "verify", "status"]));
  expect(view.schedule.some(({ kind }) => kind === "drill")).toBe(false);

  const tried = await admin.request("POST", "api/notifications/test");
  expect(bodyAs<NotificationTest>(NotificationTest, tried)).toEqual({
    results: [{ kind: "webhook", name: "webhook", ok: true, message: null }],
  });
  expect(hook.requests).toHaveLength(1);
  expect(hook.requests[0]?.body).toContain("admin has asked for it on the page");
  const { body } = await admin.get("api/audit?limit=1");
  expect(body).toMatchObject([{ who: "admin", action: "test-notification" }]);
  const vera = await signedIn(server, "vera");
  expect(problemOf(await vera.get("api/settings"))).toEqual([403, "forbidden"]);
  expect(problemOf(await vera.request("POST", "api/notifications/test"))).toEqual([403, "forbidden"]);
});

test("a notification that is not taken says so, and none is tried where nobody is to be told", async () => {
  const hook = await startHookServer(403);
  const refusing = await webInstance({ admin: "operator" }, `webhook.url = ${hook.origin}/`);
  const admin = await signedIn(await refusing.start());
  const tried = await admin.request("POST", "api/notifications/test");
  const { results } = bodyAs<NotificationTest>(NotificationTest, tried);
  expect(results).toMatchObject([{ kind: "webhook", ok: false, message: expect.stringContaining("403") as string }]);
  writeFileSync(refusing.config, "[core]\n");
  expect(problemOf(await admin.request("POST", "api/notifications/test"))).toEqual([422, "no-channel"]);
});

test("what is answered fits the API's own description", async () => {
  const instance = await webInstance({ admin: "operator" }, "keep.last = 3");
  const admin = await signedIn(await instance.start());
  const sdir = join(instance.folder, "data");
  const path = join(instance.folder, "backup", "a.ngwbackup");
  await writeDatedArchive(path, { tags: ["one"] });
  const run = await beginRun(sdir, "backup", { subject: path, startedBy: "admin" });
  const error = { code: "x", message: "it failed", hint: null };
  const news = {
    stages: [{ name: "rows", startedAt: 1, durationMs: 2.5, bytes: 3 }],
    lines: [{ at: 1, level: "error", text: "it failed" } as const],
  };
  await run.end({ state: "failed", exitCode: 1, error, summary: { path, any: [1, { thing: null }] } }, news);
  await beginRun(sdir, "verify", { subject: path });
  const { archives } = (await admin.get("api/archives")).body as { archives: { id: string }[] };
  const described = (await admin.get("api/openapi.json")).body as {
    paths: Record<
      string,
      Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
    >;
  };
  for (const [route, asked] of [
    ["/api/overview", "api/overview"],
    ["/api/archives", "api/archives"],
    ["/api/archives/{id}", `api/archives/${archives[0]?.id}`],
    ["/api/archives/{id}/changes", `api/archives/${archives[0]?.id}/changes?against=${archives[0]?.id}`],
    ["/api/retention", "api/retention"],
    ["/api/runs", "api/runs"],
    ["/api/runs/{id}", `api/runs/${run.id}`],
    ["/api/settings", "api/settings"],
    ["/api/kept", "api/kept"],
  ] as const) {
    const { status, body } = await admin.get(asked);
    const { responses } = described.paths[route]!["get"]!;
    const schema = (responses[status] ?? responses[`${String(status)[0]}XX`])?.content?.["application/json"]?.schema;
    expect([route, status, Compile(schema ?? { not: {} }).Errors(body)]).toEqual([route, status, [true, []]]);
  }
  // What a command printed at its end comes through as it is.
  const { body } = await admin.get(`api/runs/${run.id}`);
  expect(body).toMatchObject({ summary: { path, any: [1, { thing: null }] }, log: [{ level: "error" }] });
});
