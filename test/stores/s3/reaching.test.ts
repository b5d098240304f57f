import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, request as forward } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { S3Settings } from "../../../src/stores/s3/s3-settings.ts";
import { createS3Store } from "../../../src/stores/s3/s3-store.ts";
import type { Store } from "../../../src/stores/store.ts";
import { makeBucket, settingsFor } from "../../fixtures/s3/s3-server.ts";
import { mustSucceed } from "../../fixtures/python.ts";
import { moto } from "../../fixtures/s3/moto.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { never } from "../contract/contents.ts";
import { quickPatience } from "../contract/worlds/s3-world.ts";

const keys = { accessKeyId: "an-id-81b2", secretAccessKey: "a-secret-77cd", leastPartBytes: 1 };

function openStore(settings: Partial<S3Settings>, env: Record<string, string> = {}): Store {
  const surroundings = { env, pid: process.pid, tmpFolder: tmpdir(), now: () => new Date() };
  const all = { ...settingsFor({ endpoint: "http://127.0.0.1:1", ...keys }), ...settings };
  const store = createS3Store("s3://bucket/prefix", all, surroundings, { patience: quickPatience });
  onTestFinished(() => store.close());
  return store;
}

afterEach(() => vi.unstubAllEnvs());

test("a server that cannot be reached is named, soon, without the keys", async () => {
  const error = await errorOf(() => openStore({}).open("a", never));
  expect(error).toMatchObject({ code: "store-failed", exitCode: 1 });
  expect(error.message).toMatch(/^the store failed at HeadObject of s3:\/\/bucket\/prefix\/a: .*ECONNREFUSED/);
  expect(error).toMatchObject({ hints: [expect.stringContaining("http://127.0.0.1:1")] });
  expect(JSON.stringify([error.message, error.cause, error.stack])).not.toMatch(/81b2|77cd/);
});

test("a machine without credentials is told where they may stand", async () => {
  // What the SDK itself looks at.
  for (const [name, value] of Object.entries({
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_PROFILE: undefined,
  }))
    vi.stubEnv(name, value);
  const folder = await tempFolder();
  const env = { AWS_SHARED_CREDENTIALS_FILE: join(folder, "none"), AWS_CONFIG_FILE: join(folder, "none") };
  const none = { accessKeyId: undefined, secretAccessKey: undefined };
  const error = await errorOf(() => openStore(none, env).open("a", never));
  expect(error).toMatchObject({
    code: "store-denied",
    exitCode: 4,
    hints: [expect.stringContaining("s3.access_key_id")],
  });
});

/** An HTTPS server that knows one object, and its certificate; undefined where there is no openssl. */
async function startTlsServer(): Promise<{ endpoint: string; caFile: string } | undefined> {
  const folder = await tempFolder();
  const [certificate, privateKey] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", privateKey];
  try {
    await mustSucceed("openssl", [...request, "-out", certificate, ...subject]);
  } catch {
    return undefined;
  }
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(privateKey) }, (_, answer) => {
    answer.writeHead(200, { "content-length": "7", "last-modified": new Date(0).toUTCString() }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `https://localhost:${(server.address() as AddressInfo).port}`, caFile: certificate };
}

test("a certificate that nobody vouches for is refused, and taken with its authority named", async ({ skip }) => {
  const server = await startTlsServer();
  if (server === undefined) return skip("there is no openssl");
  const { endpoint, caFile } = server;
  const refused = await errorOf(() => openStore({ endpoint }).stat("a", never));
  expect(refused).toMatchObject({ code: "store-failed", hints: [expect.stringContaining("s3.ca_file")] });
  expect(await openStore({ endpoint, caFile }).stat("a", never)).toMatchObject({ sizeBytes: 7 });
  const missing = await errorOf(() => openStore({ endpoint, caFile: `${caFile}.none` }).stat("a", never));
  expect(missing).toMatchObject({ code: "s3-ca-file", exitCode: 2 });
});

/** A proxy that asks for a password, and what came its way. */
async function startProxy(): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const isLetIn = (authorization: string | undefined): boolean =>
    authorization === `Basic ${Buffer.from("u:a-proxy-secret").toString("base64")}`;
  const proxy = createHttpServer((incoming, answer) => {
    const { method = "", url = "", headers } = incoming;
    seen.push(`${method} ${url}`);
    if (!isLetIn(headers["proxy-authorization"])) return void answer.writeHead(407).end();
    const outgoing = forward(url, { method, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  proxy.on("connect", ({ url = "", headers }, socket) => {
    seen.push(`CONNECT ${url}`);
    if (!isLetIn(headers["proxy-authorization"]))
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const [host = "", port = ""] = url.split(":");
    const through = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(through).pipe(socket);
    });
    for (const one of [socket, through]) one.on("error", () => undefined);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `u:a-proxy-secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
}

test("a server is reached through the proxy of the environment, unless NO_PROXY names it", async ({ skip }) => {
  const server = await startTlsServer();
  if (server === undefined) return skip("there is no openssl");
  const proxy = await startProxy();
  const found = { sizeBytes: 7 };
  expect(await openStore(server, { HTTPS_PROXY: `http://${proxy.url}` }).stat("a", never)).toMatchObject(found);
  expect(proxy.seen).toEqual([`CONNECT ${new URL(server.endpoint).host}`]);
  expect(
    await openStore(server, { https_proxy: proxy.url, HTTPS_PROXY: "http://127.0.0.1:1" }).stat("a", never),
  ).toMatchObject(found);
  expect(proxy.seen).toHaveLength(2);
  const direct: Record<string, string>[] = [
    { HTTPS_PROXY: proxy.url, NO_PROXY: "localhost" },
    { HTTP_PROXY: proxy.url },
    { HTTPS_PROXY: "" },
  ];
  for (const without of direct) expect(await openStore(server, without).stat("a", never)).toMatchObject(found);
  expect(proxy.seen).toHaveLength(2);
});

test("what is wrong with a proxy is told, without its password", async ({ skip }) => {
  const server = await startTlsServer();
  if (server === undefined) return skip("there is no openssl");
  const proxy = await startProxy();
  const wrong = proxy.url.replace("a-proxy-secret", "another-secret");
  const refused = await errorOf(() => openStore(server, { HTTPS_PROXY: wrong }).stat("a", never));
  expect(refused).toMatchObject({ code: "store-failed", hints: [expect.stringContaining("HTTPS_PROXY")] });
  expect(refused.message).toContain("407");
  for (const value of ["socks5://u:another-secret@h:1", "http://u:another-secret@h:99999"]) {
    const error = await errorOf(() => openStore(server, { HTTPS_PROXY: value }).stat("a", never));
    expect(error).toMatchObject({ code: "s3-proxy", exitCode: 2 });
    expect(JSON.stringify([error.message, error.cause, error.stack])).not.toContain("another-secret");
  }
  expect(JSON.stringify([refused.message, refused.cause, refused.stack])).not.toContain("another-secret");
});

test("a server without TLS is reached through HTTP_PROXY, written, listed and read", async ({ skip }) => {
  const server = await moto();
  if (server === undefined) return skip("moto is not installed");
  const proxy = await startProxy();
  const bucket = await makeBucket(server);
  const surroundings = { env: { HTTP_PROXY: proxy.url }, pid: process.pid, tmpFolder: tmpdir(), now: () => new Date() };
  const store = createS3Store(`s3://${bucket}/x`, settingsFor(server), surroundings, { patience: quickPatience });
  onTestFinished(() => store.close());
  const sink = await store.create("a", { signal: never });
  await sink.write(Buffer.from("content"));
  await sink.finish();
  const names: string[] = [];
  for await (const { name } of store.list(never)) names.push(name);
  expect(names).toEqual(["a"]);
  const source = await store.open("a", never);
  expect((await source.read(0, 7)).toString()).toBe("content");
  await source.close();
  expect(proxy.seen.some((line) => line.startsWith(`PUT ${server.endpoint}/${bucket}/x/a`))).toBe(true);
});
