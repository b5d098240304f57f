import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { type LandingOptions, RangeHandler } from "../../../src/stores/s3/range-handler.ts";
import { createS3Store } from "../../../src/stores/s3/s3-store.ts";
import { mustSucceed } from "../../fixtures/python.ts";
import { settingsFor } from "../../fixtures/s3/s3-server.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { madeUpBytes, never, readAll } from "../contract/contents.ts";
import { quickPatience } from "../contract/worlds/s3-world.ts";

type Landing = LandingOptions["landing"];

const content = madeUpBytes(3_000_000);

/** Answers as S3 does. */
const answerRange: RequestListener = (request, answer) => answerWith('"made-up"', request, answer);

function answerWith(
  etag: string,
  { method, headers }: IncomingMessage,
  answer: ServerResponse,
  inChunks = false,
): void {
  const [, from = 0, to = content.length - 1] = (/^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? []).map(Number);
  const body = content.subarray(from, to + 1);
  answer.writeHead(method === "HEAD" ? 200 : 206, {
    ...(inChunks ? {} : { "content-length": body.length }),
    "content-range": `bytes ${from}-${to}/${content.length}`,
    "last-modified": new Date(0).toUTCString(),
    etag,
  });
  answer.end(method === "HEAD" ? undefined : body);
}

/** A server, and the connections that were made to it. */
async function serve(listener: RequestListener): Promise<{ server: Server; sockets: Socket[]; port: number }> {
  const server = createServer(listener);
  const sockets: Socket[] = [];
  server.on("connection", (socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, sockets, port: (server.address() as AddressInfo).port };
}

/** What asks a server for ranges. */
function client(port: number, idleMs = 5000) {
  const handler = new RangeHandler({}, { connectMs: 5000, idleMs, ca: undefined });
  onTestFinished(() => handler.destroy());
  return async (fromBytes: number, lengthBytes: number, abortSignal = never) => {
    const landing: Landing = { into: Buffer.from(new SharedArrayBuffer(lengthBytes)), fromBytes, arrivedBytes: 0 };
    const headers = { host: `127.0.0.1:${port}`, range: `bytes=${fromBytes}-${fromBytes + lengthBytes - 1}` };
    const place = { protocol: "http:", hostname: "127.0.0.1", port, path: "/bucket/a", query: { "x-id": "GetObject" } };
    const request = { ...place, method: "GET", headers } as unknown as Parameters<RangeHandler["handle"]>[0];
    const { response } = await handler.handle(request, { abortSignal, landing });
    return { response, landing, arrived: async () => landing.arrived };
  };
}

const isRight = ({ into, fromBytes }: Landing): boolean =>
  content.subarray(fromBytes, fromBytes + into.length).equals(into);

test("ranges land in memory, one after the other over one connection, several at once over several", async () => {
  const seen: (string | undefined)[] = [];
  const { port, sockets } = await serve((request, answer) => {
    seen.push(request.url);
    answerRange(request, answer);
  });
  const ask = client(port);
  for (const [from, length] of [
    [0, 1],
    [7, 2_000_000],
    [2_999_999, 1],
  ] as const) {
    const { response, landing } = await ask(from, length);
    await landing.arrived;
    expect(response).toMatchObject({ statusCode: 206, headers: { etag: '"made-up"' } });
    expect(landing.arrivedBytes).toBe(length);
    expect(isRight(landing)).toBe(true);
  }
  expect(seen).toEqual(Array.from({ length: 3 }, () => "/bucket/a?x-id=GetObject"));
  expect(sockets).toHaveLength(1);
  const many = await Promise.all([0, 1, 2, 3].map((index) => ask(index * 700_000, 700_000)));
  await Promise.all(many.map(({ arrived }) => arrived()));
  expect(many.map(({ landing }) => isRight(landing))).toEqual([true, true, true, true]);
  expect(sockets).toHaveLength(4);
});

test.each<[string, RequestListener]>([
  ["of another status", (_, answer) => void answer.writeHead(503, { "content-length": 4 }).end("busy")],
  ["in chunks", (_, answer) => void answer.writeHead(206, { "content-range": "bytes 10-29/3000000" }).end("busy")],
  [
    "that is another range",
    (_, answer) =>
      void answer.writeHead(206, { "content-length": 4, "content-range": "bytes 11-14/3000000" }).end("busy"),
  ],
  [
    "that is longer than what was asked for",
    (_, answer) =>
      void answer.writeHead(206, { "content-length": 21, "content-range": "bytes 10-30/30" }).end("x".repeat(21)),
  ],
  ["without a range", (_, answer) => void answer.writeHead(200, { "content-length": 4 }).end("busy")],
])("an answer %s is asked for in the usual way, and nothing of it lands", async (_, listener) => {
  const { port } = await serve(listener);
  const { response, landing } = await client(port)(10, 20);
  expect(landing).toMatchObject({ arrivedBytes: 0, into: Buffer.alloc(20) });
  expect(landing.arrived).toBeUndefined();
  expect((await (response.body as Readable).toArray()).join("").length).toBeGreaterThan(3);
});

test("a connection that breaks, or goes silent, says how far it has come", async () => {
  for (const end of ["destroy", "end", "stall"] as const) {
    const { port } = await serve((_, answer) => {
      answer.writeHead(206, { "content-length": 2_000_000, "content-range": "bytes 0-1999999/3000000" });
      answer.write(content.subarray(0, 1_000_000), () => {
        if (end !== "stall") answer.socket?.[end]();
      });
    });
    const { landing } = await client(port, 300)(0, 2_000_000);
    const error = await errorOf(async () => landing.arrived);
    if (end === "stall") expect(error).toMatchObject({ name: "TimeoutError" });
    else expect(error).toMatchObject({ code: "ECONNRESET" });
    expect(landing.arrivedBytes).toBeLessThanOrEqual(1_000_000);
    if (end !== "destroy") expect(landing.arrivedBytes).toBe(1_000_000);
    expect(content.subarray(0, landing.arrivedBytes).equals(landing.into.subarray(0, landing.arrivedBytes))).toBe(true);
  }
});

test("a signal ends it at once with its reason, before and behind the head, and nothing lands any more", async () => {
  for (const withHead of [false, true]) {
    const { port } = await serve((_, answer) => {
      if (!withHead) return;
      answer.writeHead(206, { "content-length": 2_000_000, "content-range": "bytes 0-1999999/3000000" });
      answer.write(content.subarray(0, 1000));
    });
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const asking = client(port)(0, 2_000_000, controller.signal);
    if (withHead) {
      const { landing } = await asking;
      controller.abort(reason);
      expect(await errorOf(async () => landing.arrived)).toBe(reason);
    } else {
      await sleep(20);
      controller.abort(reason);
      expect(await errorOf(() => asking)).toBe(reason);
    }
  }
});

test("a connection that the server has closed meanwhile is made anew; a server that says so is believed", async () => {
  let closes = false;
  const { port, sockets } = await serve((request, answer) => {
    if (closes) answer.setHeader("connection", "close");
    answerRange(request, answer);
  });
  const ask = client(port);
  const get = async (from: number): Promise<void> => {
    const { landing } = await ask(from, 1000);
    await landing.arrived;
    expect(isRight(landing)).toBe(true);
  };
  await get(0);
  sockets[0]!.destroy();
  await get(1000);
  expect(sockets).toHaveLength(2);
  closes = true;
  await get(2000);
  await get(3000);
  expect(sockets).toHaveLength(3);
});

test("a store is read over TLS, by those who trust its authority", async ({ skip }) => {
  const folder = await tempFolder();
  const [certificate, privateKey] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", privateKey];
  try {
    await mustSucceed("openssl", [...request, "-out", certificate, ...subject]);
  } catch {
    return skip("there is no openssl");
  }
  const ranges: (string | undefined)[] = [];
  const server = createSecureServer(
    { cert: readFileSync(certificate), key: readFileSync(privateKey) },
    (asked, answer) => {
      if (asked.method === "GET") ranges.push(asked.headers.range);
      answerRange(asked, answer);
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`;
  const keys = { accessKeyId: "an-id", secretAccessKey: "a-secret", leastPartBytes: 1 };
  const settings = { ...settingsFor({ endpoint, ...keys }), caFile: certificate };
  const surroundings = { env: {}, pid: process.pid, tmpFolder: tmpdir(), now: () => new Date() };
  const store = createS3Store("s3://bucket/prefix", settings, surroundings, { patience: quickPatience });
  onTestFinished(() => store.close());
  const source = await store.open("a", never);
  expect((await readAll(source)).equals(content)).toBe(true);
  await source.close();
  // None was asked for a second time in another way.
  expect(ranges.length).toBeGreaterThan(0);
  expect(new Set(ranges).size).toBe(ranges.length);
  const handler = new RangeHandler({}, { connectMs: 5000, idleMs: 5000, ca: undefined });
  onTestFinished(() => handler.destroy());
  const landing: Landing = { into: Buffer.alloc(10), fromBytes: 0, arrivedBytes: 0 };
  const { port, hostname } = new URL(endpoint);
  const plain = { protocol: "https:", hostname, port: Number(port), path: "/a", method: "GET", headers: {} };
  const untrusted = plain as unknown as Parameters<RangeHandler["handle"]>[0];
  expect(await errorOf(() => handler.handle(untrusted, { abortSignal: never, landing }))).toMatchObject({
    code: expect.stringMatching(/SELF_SIGNED|UNABLE/) as string,
  });
});

test.each(["straight", "in the usual way"])(
  "an object that was replaced is noticed %s, also by a server that knows no conditions",
  async (way) => {
    let etag = '"made-up"';
    const { port } = await serve((request, answer) => {
      answerWith(etag, request, answer, way === "in the usual way" && request.method === "GET");
    });
    const keys = { accessKeyId: "an-id", secretAccessKey: "a-secret" };
    const settings = settingsFor({ endpoint: `http://127.0.0.1:${port}`, ...keys, leastPartBytes: 1 });
    const surroundings = { env: {}, pid: process.pid, tmpFolder: tmpdir(), now: () => new Date() };
    const store = createS3Store("s3://bucket/prefix", settings, surroundings, { patience: quickPatience });
    onTestFinished(() => store.close());
    const source = await store.open("a", never);
    etag = 'W/"made-up"';
    expect((await source.read(0, 1000)).equals(content.subarray(0, 1000))).toBe(true);
    etag = '"another"';
    expect(await errorOf(() => source.read(1_000_000, 300_000))).toMatchObject({ code: "archive-changed" });
  },
);
