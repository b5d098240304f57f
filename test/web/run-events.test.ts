import { appendFileSync, renameSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { loadSettings } from "../../src/config/settings.ts";
import { RunWatch, type WatchListener } from "../../src/operations/runs/run-watch.ts";
import type { RunDetail, RunEvents, RunRow } from "../../src/web/api/runs.ts";
import { EventStream } from "../../src/web/events/event-stream.ts";
import { RunStreams } from "../../src/web/events/run-streams.ts";
import { EventReader } from "../fixtures/event-reader.ts";
import { beginRun } from "../fixtures/made-up-run.ts";
import { signedIn } from "../fixtures/served-instance.ts";
import { type WebClient, type WebServer, webInstance } from "../fixtures/web-server.ts";

interface Served {
  sdir: string;
  server: WebServer;
  client: WebClient;
  open: (path: string) => Promise<EventReader>;
  restart: () => Promise<void>;
}

async function serve(): Promise<Served> {
  const instance = await webInstance({ admin: "operator", vera: "viewer" });
  const served = { sdir: join(instance.folder, "data"), server: await instance.start() } as Served;
  served.client = await signedIn(served.server, "vera");
  served.open = async (path) => await EventReader.open(served.server.url + path, served.client.cookie);
  served.restart = async () => {
    await served.server.stop();
    served.server = await instance.start();
    served.client = await signedIn(served.server, "vera");
  };
  return served;
}

const line = (text: string) => ({ line: { at: 1_000, level: "message", text } }) as const;
const progressAt = (doneBytes: number) => ({
  progress: { stage: "rows", doneBytes, totalBytes: 100, bytesPerSecond: 10, leftMs: 900 },
});

test("a run that anyone started is told from its beginning to its end, to each viewer the same", async () => {
  const { sdir, open } = await serve();
  const run = await beginRun(sdir, "backup", { startedBy: "anna" });
  const stage = { name: "rows", startedAt: 2_000, durationMs: null, bytes: 0 };
  run.tell({ stage, position: 0 });
  run.tell(line("one"));
  const first = await open(`api/runs/${run.id}/events`);
  await first.until("the beginning", () => first.of("log").length > 0);
  expect(first.of<RunRow>("run")).toMatchObject([{ id: run.id, kind: "backup", state: "running", startedBy: "anna" }]);
  expect(first.events.map(({ name }) => name).slice(0, 3)).toEqual(["run", "stages", "log"]);
  expect(first.of("stages")).toEqual([[{ ...stage, startedAt: "1970-01-01T00:00:02.000Z" }]]);
  expect(first.of("log")).toEqual([[{ at: "1970-01-01T00:00:01.000Z", level: "message", text: "one" }]]);

  run.tell(line("two"));
  await first.until("the second line", () => first.of("line").length > 0);
  const second = await open(`api/runs/${run.id}/events`);
  await second.until("the beginning", () => second.of("log").length > 0);
  expect(second.of<{ text: string }[]>("log")[0]?.map(({ text }) => text)).toEqual(["one", "two"]);
  run.tell(progressAt(30));
  await second.until("progress", () => second.of("progress").length > 0);
  run.tell({ stage: { ...stage, durationMs: 12.5, bytes: 100 }, position: 0 });
  await second.until("the stage's end", () => second.of("stage").length > 0);
  expect(second.of("progress")).toEqual([progressAt(30).progress]);
  expect(second.of("stage")).toEqual([
    { name: "rows", startedAt: "1970-01-01T00:00:02.000Z", durationMs: 12.5, bytes: 100 },
  ]);

  const news = {
    stages: [{ ...stage, durationMs: 12.5, bytes: 100 }],
    lines: [line("one").line, line("two").line, line("three").line],
  };
  await run.end({ sizeBytes: 7, summary: { path: "/a" } }, news);
  await Promise.all([first.ended, second.ended]);
  const [end] = first.of<RunDetail>("end");
  expect(end).toMatchObject({ run: { state: "done", sizeBytes: 7, progress: null }, summary: { path: "/a" } });
  expect(end?.log.map(({ text }) => text)).toEqual(["one", "two", "three"]);
  expect(second.of("end")).toEqual([end]);
  // Of one that has ended all is told at once.
  const late = await open(`api/runs/${run.id}/events`);
  await late.ended;
  expect(late.events.map(({ name }) => name)).toEqual(["run", "stages", "log", "end"]);
  expect(late.of("end")).toEqual([end]);
  await expect(open("api/runs/4711/events")).rejects.toThrow("expected a stream, found 404");
});

test("a line that is written in two halves is told once, whole; what is no line is passed over", async () => {
  const { sdir, open } = await serve();
  const run = await beginRun(sdir, "verify");
  run.tell(line("one"));
  const reader = await open(`api/runs/${run.id}/events`);
  await reader.until("the log", () => reader.of("log").length > 0);
  const text = JSON.stringify(line("in two halves, ж"));
  const bytes = Buffer.from(`${text}\n`);
  const cut = bytes.indexOf(0xd0) + 1;
  appendFileSync(run.logPath, bytes.subarray(0, cut));
  // A look goes by: what it tells is nothing yet.
  const all = await open("api/events");
  await all.until("a look", () => all.of("runs").length > 0);
  expect(reader.of("line")).toEqual([]);
  appendFileSync(run.logPath, bytes.subarray(cut));
  appendFileSync(run.logPath, `no JSON\n{"progress":{}}\n${"x".repeat(1_200_000)}\n`);
  run.tell(line("behind it"));
  await reader.until("both lines", () => reader.of("line").length === 2);
  expect(reader.of<{ text: string }>("line").map((told) => told.text)).toEqual(["in two halves, ж", "behind it"]);
});

test("one stream tells of all runs that run, and when something began or ended", async () => {
  const { sdir, open } = await serve();
  const verify = await beginRun(sdir, "verify");
  const reader = await open("api/events");
  const running = (): (number | undefined)[][] =>
    reader.of<RunRow[]>("runs").map((runs) => runs.map(({ progress }) => progress?.doneBytes));
  await reader.until("those that run", () => running().length > 0);
  expect(running()).toEqual([[undefined]]);
  expect(reader.of("changed")).toEqual([]);
  const backup = await beginRun(sdir, "backup");
  await reader.until("the backup", () => reader.of("changed").length > 0);
  expect(reader.of("changed")).toEqual([{ runs: true, archives: false }]);
  backup.tell(progressAt(55));
  await reader.until("its progress", () => running().at(-1)?.[1] === 55);
  await backup.end({});
  await reader.until("its end", () => reader.of("changed").length > 1);
  expect(reader.of("changed").at(-1)).toEqual({ runs: true, archives: true });
  expect(running().at(-1)).toEqual([undefined]);
  await verify.end({ state: "damaged", exitCode: 5 });
  await reader.until("the verify's end", () => running().at(-1)?.length === 0);
});

test("a server that was started anew tells of a run that went on, and of its end", async () => {
  const served = await serve();
  const run = await beginRun(served.sdir, "backup");
  run.tell(line("one"));
  const before = await served.open(`api/runs/${run.id}/events`);
  await before.until("the log", () => before.of("log").length > 0);
  await served.restart();
  await before.ended;
  expect(before.of("end")).toEqual([]);
  const after = await served.open(`api/runs/${run.id}/events`);
  run.tell(line("two"));
  await after.until("both lines", () => after.of("log").length + after.of("line").length >= 1);
  await run.end({ state: "losses", exitCode: 3, losses: 2 });
  await after.ended;
  expect(after.of<RunEvents["end"]>("end")[0]?.run).toMatchObject({ state: "losses", losses: 2 });
});

test("where the history was moved away, what ran is told as interrupted", async () => {
  const { sdir, open } = await serve();
  const run = await beginRun(sdir, "backup");
  const [all, one] = [await open("api/events"), await open(`api/runs/${run.id}/events`)];
  await one.until("the beginning", () => one.of("run").length > 0);
  renameSync(join(sdir, ".ngwbackup", "history.sqlite"), join(sdir, "history.moved"));
  await one.ended;
  expect(one.of<RunDetail>("end")[0]?.run).toMatchObject({ id: run.id, state: "interrupted" });
  await all.until("its end", () => all.of<RunRow[]>("runs").at(-1)?.length === 0);
});

test("two hundred viewers are told all of it", async () => {
  const { sdir, open } = await serve();
  const run = await beginRun(sdir, "backup");
  const readers = await Promise.all(
    Array.from(
      { length: 200 },
      async (_, index) => await open(index % 2 === 0 ? "api/events" : `api/runs/${run.id}/events`),
    ),
  );
  const told = async (what: string, isTold: (reader: EventReader, isOfAll: boolean) => boolean): Promise<void> => {
    const waiting = readers.map(async (reader, index) => {
      await reader.until(what, () => isTold(reader, index % 2 === 0));
    });
    await Promise.all(waiting);
  };
  for (let index = 1; index <= 20; index += 1) run.tell(line(`line ${index}`));
  await told("the last line", (reader, isOfAll) => isOfAll || JSON.stringify(reader.events).includes("line 20"));
  run.tell(progressAt(99));
  await told("progress", (reader, isOfAll) =>
    isOfAll ? reader.of<RunRow[]>("runs").at(-1)?.[0]?.progress?.doneBytes === 99 : reader.of("progress").length > 0,
  );
  await run.end({});
  await Promise.all(readers.filter((_, index) => index % 2 === 1).map(async ({ ended }) => await ended));
});

test("a reader that does not keep up is dropped, and holds nobody else up", async () => {
  const { sdir, open, server, client } = await serve();
  const run = await beginRun(sdir, "backup");
  run.tell(line("one"));
  const { port } = new URL(server.url);
  const slow = createConnection(Number(port), "127.0.0.1");
  onTestFinished(() => void slow.destroy());
  slow.on("error", () => {});
  const request = [`GET /api/runs/${run.id}/events HTTP/1.1`, "host: localhost", `cookie: ${client.cookie}`, "", ""];
  slow.write(request.join("\r\n"));
  await once(slow, "readable");
  // From here on it reads nothing.
  const quick = await open(`api/runs/${run.id}/events`);
  const long = "0123456789".repeat(50_000);
  const closed = once(slow, "close");
  // Each time more than the system itself takes in for a reader.
  const [bursts, lines] = [4, 16];
  for (let burst = 1; burst <= bursts; burst += 1) {
    for (let index = 0; index < lines; index += 1) run.tell(line(long));
    await quick.until("the burst", () => quick.of("line").length >= burst * lines - 1);
  }
  slow.resume();
  await closed;
  expect(slow.bytesRead).toBeLessThan((bursts - 1) * lines * long.length);
  run.tell(line("the end"));
  await quick.until("the end", () => quick.of<{ text: string }>("line").at(-1)?.text === "the end");
});

test("a run that has told much arrives whole, however slow the line is", async () => {
  const { sdir, open, server, client } = await serve();
  const run = await beginRun(sdir, "backup");
  const [lines, long] = [12_000, "0123456789".repeat(100)];
  appendFileSync(run.logPath, `${JSON.stringify(line(long))}\n`.repeat(lines));
  const { port } = new URL(server.url);
  const slow = createConnection(Number(port), "127.0.0.1");
  onTestFinished(() => void slow.destroy());
  slow.on("error", () => {});
  const request = [`GET /api/runs/${run.id}/events HTTP/1.1`, "host: localhost", `cookie: ${client.cookie}`, "", ""];
  slow.write(request.join("\r\n"));
  await once(slow, "readable");
  const quick = await open(`api/runs/${run.id}/events`);
  await quick.until("the beginning", () => quick.of("log").length > 0);
  for (let index = 1; index <= 3; index += 1) {
    run.tell(progressAt(index));
    await quick.until("news", () => quick.of("progress").length === index);
  }
  let end = "";
  const arrived = new Promise<boolean>((resolve) => {
    slow.once("close", () => resolve(false));
    slow.on("data", (chunk: Buffer) => {
      end = (end + chunk.toString("latin1")).slice(-1000);
      if (end.includes('"doneBytes":3')) resolve(true);
    });
  });
  expect(await arrived).toBe(true);
  expect(slow.bytesRead).toBeGreaterThan(lines * long.length);
});

test("nobody looks for a reader who has gone before the stream began", async () => {
  let listeners = 0;
  class CountingWatch extends RunWatch {
    override async listen(listener: WatchListener): Promise<() => void> {
      const stop = await super.listen(listener);
      listeners += 1;
      return stop;
    }
  }
  const { config, folder } = await webInstance({});
  const { runs } = await loadSettings({ env: {}, cwd: folder, configPaths: [config] });
  const streams = new RunStreams(
    new CountingWatch(
      () => Promise.resolve(runs),
      () => new Date(),
    ),
  );
  onTestFinished(() => streams.close());
  const app = fastify();
  onTestFinished(async () => await app.close());
  const followed = Promise.withResolvers<unknown>();
  app.get("/", async (_, reply) => {
    reply.raw.destroy();
    const stream = new EventStream(reply);
    await Promise.all([streams.followAll(stream), streams.followRun(1, stream)]).then(
      followed.resolve,
      followed.reject,
    );
  });
  await fetch(await app.listen({ host: "127.0.0.1", port: 0 })).catch(() => undefined);
  await followed.promise;
  expect(listeners).toBe(0);
});

test("nobody without a session gets a stream", async () => {
  const { server, client } = await serve();
  client.cookie = undefined;
  await expect(EventReader.open(`${server.url}api/events`, undefined)).rejects.toThrow("found 401");
});

test("a run that began and ended between two looks is told of, too", async () => {
  const { sdir, open } = await serve();
  const all = await open("api/events");
  await all.until("the beginning", () => all.of("runs").length > 0);
  // Mostly between two looks; where a look comes between it is told of in the ordinary way.
  await (await beginRun(sdir, "verify")).end({});
  await all.until("news of it", () => all.of("changed").length > 0);
  expect(all.of("changed").at(-1)).toEqual({ runs: true, archives: true });
});
