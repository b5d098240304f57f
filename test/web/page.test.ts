import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import { get } from "node:http";
import { expect, test } from "vitest";
import { WebClient, problemOf, webInstance } from "../fixtures/web-server.ts";

const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const index =
  '<!doctype html><html><head><title>ngwbackup</title><script type="module" src="./assets/main-1a2b.js"></script></head></html>';
const script = "console.log(1);\n".repeat(100);

test("a page that is not built says how to build it", async () => {
  const { start } = await webInstance({});
  const client = new WebClient((await start()).url);
  for (const path of ["", "runs/17"]) {
    const { status, headers, text } = await client.get(path, html);
    expect([status, headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(text).toContain("npm run build");
  }
});

test("the page is shown at any of its addresses; its files are kept by browsers, itself is not", async () => {
  const { start, folder } = await webInstance({});
  build(folder);
  const { url } = await start();
  const client = new WebClient(url);
  for (const path of ["", "index.html", "archives/one.two/three", "runs?kind=backup"]) {
    const { status, headers, text } = await client.get(path, html);
    expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
      200,
      "text/html; charset=utf-8",
      "no-cache",
    ]);
    expect(text).toContain('<head><base href="/" /><title>');
  }
  const asset = await client.get("assets/main-1a2b.js");
  expect(asset.text).toBe(script);
  expect(asset.headers.get("content-type")).toBe("application/javascript; charset=utf-8");
  expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  const icon = await client.get("favicon.svg");
  expect(icon.headers.get("cache-control")).toBe("public, max-age=0");
  expect((await raw(`${url}favicon.svg`, { "if-none-match": icon.headers.get("etag")! })).status).toBe(304);
  // What is missing is no view of the page.
  expect(problemOf(await client.get("assets/other.js", html))).toEqual([404, "not-found"]);
  expect(problemOf(await client.get("nothing.js"))).toEqual([404, "not-found"]);
  expect(problemOf(await client.get("api/nothing", html))).toEqual([404, "not-found"]);
  expect(problemOf(await client.request("POST", "nothing"))).toEqual([404, "not-found"]);
});

test("files compressed beforehand are sent as they are to browsers that take them", async () => {
  const { start, folder } = await webInstance({});
  build(folder);
  const { url } = await start();
  const compressed = await raw(`${url}assets/main-1a2b.js`, { "accept-encoding": "gzip, deflate, br" });
  expect(compressed.headers["content-encoding"]).toBe("br");
  expect(brotliDecompressSync(compressed.body).toString()).toBe(script);
  const plain = await raw(`${url}assets/main-1a2b.js`, {});
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.body.toString()).toBe(script);
  for (const { headers } of [compressed, plain]) expect(headers.vary).toContain("accept-encoding");
});

test("nothing outside of the page's folder is served", async () => {
  const { start, folder } = await webInstance({});
  build(folder);
  writeFileSync(join(folder, "page", ".hidden"), "kept back");
  const { url } = await start();
  for (const path of [
    "../config.ini",
    "..%2fconfig.ini",
    "%2e%2e/config.ini",
    "assets/..%2f..%2fconfig.ini",
    ".hidden",
  ]) {
    const { status, body } = await raw(url + path, {});
    expect([path, status >= 400, /sdir|kept back/.test(body.toString())]).toEqual([path, true, false]);
  }
});

test("under a base path the page is found whether or not a proxy takes the path away", async () => {
  const { start, folder } = await webInstance({ admin: "operator" }, "serve.base_path = /maps/backup");
  build(folder);
  const { url } = await start();
  expect(url).toMatch(/\/maps\/backup\/$/);
  const { origin } = new URL(url);
  for (const base of [url, `${origin}/`]) {
    const client = new WebClient(base);
    expect((await client.get("", html)).text).toContain('<base href="/maps/backup/" />');
    expect((await client.get("assets/main-1a2b.js")).text).toBe(script);
    expect((await client.get("healthz")).text).toBe("ok\n");
    const { headers } = await client.signIn("admin");
    expect(headers.getSetCookie()[0]).toContain("; Path=/maps/backup/; ");
    expect((await client.get("api/session")).status).toBe(200);
  }
  const bare = await new WebClient(origin).get("/maps/backup?x=1", html);
  expect([bare.status, bare.headers.get("location")]).toEqual([308, "/maps/backup/?x=1"]);
});

test("every answer has the headers that keep the page to itself", async () => {
  const { start, folder } = await webInstance({ admin: "operator" });
  build(folder);
  const client = new WebClient((await start()).url);
  for (const path of ["", "assets/main-1a2b.js", "api/session", "api/nothing", "healthz"]) {
    const { headers } = await client.get(path);
    const policy = headers.get("content-security-policy")!.split(";");
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "font-src 'self'",
      "connect-src 'self'",
      "manifest-src 'self'",
      "base-uri 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "x-frame-options": "DENY",
    });
    expect(headers.has("strict-transport-security")).toBe(false);
    if (path.startsWith("api/")) expect(headers.get("cache-control")).toBe("no-store");
  }
});

/** What a build of the page leaves. */
function build(folder: string): void {
  const page = join(folder, "page");
  mkdirSync(join(page, "assets"));
  writeFileSync(join(page, "index.html"), index);
  writeFileSync(join(page, "favicon.svg"), "<svg/>");
  writeFileSync(join(page, "assets", "main-1a2b.js"), script);
  writeFileSync(join(page, "assets", "main-1a2b.js.br"), brotliCompressSync(script));
}

/** As it comes over the line, from exactly this address: `fetch` would resolve dots and unpack. */
async function raw(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Record<string, unknown> & { vary?: string }; body: Buffer }> {
  const { host } = new URL(url);
  const [hostname, port] = host.split(":");
  const path = url.slice(url.indexOf(host) + host.length);
  return await new Promise((resolve, reject) => {
    get({ hostname, port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on("error", reject);
  });
}
