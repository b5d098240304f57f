import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPage } from "../../../scripts/page.ts";

/** What a first visit may bring, compressed. The issue allows 250 KB. */
const mostBytes = 60_000;

let folder: string;
let html: string;
let assets: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-page-"));
  await buildPage(join(folder, "page"));
  html = await readFile(join(folder, "page", "index.html"), "utf8");
  assets = await readdir(join(folder, "page", "assets"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const asset = (name: string): Promise<Buffer> => readFile(join(folder, "page", "assets", name));

test("a first visit brings little: the page, and what index.html names", async () => {
  const named = [...html.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map(([, name]) => name!);
  expect(named.filter((name) => name.endsWith(".js")).length).toBeGreaterThan(0);
  expect(named.filter((name) => name.endsWith(".css"))).toHaveLength(1);
  const sizes = await Promise.all(named.map(async (name) => (await asset(`${name}.br`)).length));
  expect(html.length + sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(mostBytes);
});

test("each file has its compressed forms, which hold the same", async () => {
  const plain = assets.filter((name) => /\.(js|css|svg)$/.test(name));
  expect(plain.length).toBeGreaterThan(3);
  for (const name of plain) {
    const content = await asset(name);
    if (content.length < 300) continue;
    expect(brotliDecompressSync(await asset(`${name}.br`)).equals(content)).toBe(true);
    expect(gunzipSync(await asset(`${name}.gz`)).equals(content)).toBe(true);
  }
});

test("index.html names files of their content, relative to its base, and holds no script or style of its own", () => {
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
  expect(addresses.length).toBeGreaterThan(2);
  for (const address of addresses) expect(address).toMatch(/^\.\/assets\/[\w-]+-[\w-]{8}\.(js|css|svg)$/);
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/i);
});

test("schemas, eval and addresses of others stay out of the scripts", async () => {
  const scripts = assets.filter((name) => name.endsWith(".js"));
  const code = (await Promise.all(scripts.map(asset))).join("\n");
  expect(code).not.toMatch(/typebox|~kind|\beval\(|new Function\(/i);
  const addresses = [...code.matchAll(/https?:\/\/[\w./-]+/g)].map(([address]) => address);
  // Names of XML, which nothing is fetched from.
  expect(addresses.filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([]);
});
