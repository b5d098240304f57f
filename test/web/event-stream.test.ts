import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { EventStream, formatEvent } from "../../src/web/events/event-stream.ts";
import { EventReader } from "../fixtures/event-reader.ts";

test("a stream beats while nothing is told, keeps what a hook has set, and ends when it is told to or its reader goes", async () => {
  const app = fastify();
  onTestFinished(async () => await app.close());
  const streams: EventStream[] = [];
  let gone = 0;
  app.get("/events", (_request, reply) => {
    const stream = new EventStream(reply.header("x-kept", "yes"), 20);
    stream.onEnd(() => (gone += 1));
    streams.push(stream);
  });
  const url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/events`;
  const response = await fetch(url);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "x-kept": "yes",
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  await response.body?.cancel();
  const reader = await EventReader.open(url, undefined);
  await reader.until("two heartbeats", () => reader.comments > 1);
  const [, stream] = streams;
  stream?.send(Buffer.concat([formatEvent("a", { line: "one\ntwo" }), formatEvent("b", null)]));
  await reader.until("both events", () => reader.events.length === 2);
  expect(reader.events).toEqual([
    { name: "a", data: { line: "one\ntwo" } },
    { name: "b", data: null },
  ]);
  stream?.end();
  await reader.ended;
  while (gone < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(streams.map(({ isOpen }) => isOpen)).toEqual([false, false]);
  // What comes too late goes nowhere, and harms nothing.
  stream?.send(formatEvent("late", 1));
  stream?.end();
});
