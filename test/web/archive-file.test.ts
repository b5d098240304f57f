import { existsSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir, open, readFile } from "node:fs/promises";
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ArchiveList, type ArchiveRow } from "../../src/web/api/archives.ts";
import { writeDatedArchive } from "../fixtures/dated-archive.ts";
import { beginRun } from "../fixtures/made-up-run.ts";
import { moto } from "../fixtures/s3/moto.ts";
import { type S3Server, everythingIn, makeBucket } from "../fixtures/s3/s3-server.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { bodyAs, signedIn } from "../fixtures/served-instance.ts";
import { type WebClient, type WebInstance, type WebServer, problemOf, webInstance } from "../fixtures/web-server.ts";

const s3 = await moto();

interface Served {
  instance: WebInstance;
  folder: string;
  server: WebServer;
  admin: WebClient;
}

async function serve(lines = ""): Promise<Served> {
  const instance = await webInstance({ admin: "operator", vera: "viewer" }, lines);
  const server = await instance.start();
  return { instance, folder: join(instance.folder, "backup"), server, admin: await signedIn(server) };
}

async function rowsOf(client: WebClient): Promise<ArchiveRow[]> {
  return bodyAs<ArchiveList>(ArchiveList, await client.get("api/archives")).archives;
}

async function idOf(client: WebClient, name: string): Promise<string> {
  const found = (await rowsOf(client)).find((archive) => archive.name === name);
  if (found === undefined) throw new Error(`there is no archive ${name}`);
  return found.id;
}

const day = (number: number) => ({ snapshotAt: new Date(Date.UTC(2026, 0, number)).toISOString() });

/** Bytes of an answer; `fetch` itself, which the other client reads as text. */
async function bytesOf(
  served: Served,
  path: string,
  headers: Record<string, string> = {},
): Promise<[Response, Buffer]> {
  const response = await fetch(served.server.url + path, {
    headers: { cookie: served.admin.cookie ?? "", ...headers },
  });
  return [response, Buffer.from(await response.arrayBuffer())];
}

test("an archive is downloaded whole and in pieces, under its name, and goes on where it stopped", async () => {
  const served = await serve();
  const name = `наш "архив" 1.ngwbackup`;
  const content = randomBytes(9_000_001);
  writeFileSync(join(served.folder, name), content);
  const path = `api/archives/${await idOf(served.admin, name)}/download`;
  const [whole, bytes] = await bytesOf(served, path);
  expect(whole.status).toBe(200);
  expect(bytes.equals(content)).toBe(true);
  const headers = Object.fromEntries(whole.headers);
  expect(headers).toMatchObject({
    "accept-ranges": "bytes",
    "content-length": "9000001",
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="____________1.ngwbackup"; filename*=UTF-8''${encodeURIComponent(name)}`,
  });
  const etag = headers["etag"] ?? "";
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  const piece = async (range: string, more: Record<string, string> = {}): Promise<[number, string | null, Buffer]> => {
    const [response, part] = await bytesOf(served, path, { range, ...more });
    return [response.status, response.headers.get("content-range"), part];
  };
  expect(await piece("bytes=0-0")).toEqual([206, "bytes 0-0/9000001", content.subarray(0, 1)]);
  expect(await piece("bytes=4194303-4194305")).toEqual([
    206,
    "bytes 4194303-4194305/9000001",
    content.subarray(4_194_303, 4_194_306),
  ]);
  const [status, where, rest] = await piece("bytes=5000000-", { "if-range": etag });
  expect([status, where]).toEqual([206, "bytes 5000000-9000000/9000001"]);
  expect(rest.equals(content.subarray(5_000_000))).toBe(true);
  expect(await piece("bytes=-5")).toEqual([206, "bytes 8999996-9000000/9000001", content.subarray(-5)]);
  expect((await piece("bytes=8999999-99999999999"))[1]).toBe("bytes 8999999-9000000/9000001");
  const [behind] = await bytesOf(served, path, { range: "bytes=9000001-" });
  expect([behind.status, behind.headers.get("content-range")]).toEqual([416, "bytes */9000001"]);
  // Several ranges, other units and nonsense are the whole.
  for (const range of ["bytes=0-1,4-5", "lines=0-1", "bytes=5-1", "bytes=-"]) expect((await piece(range))[0]).toBe(200);
  const head = await fetch(served.server.url + path, {
    method: "HEAD",
    headers: { cookie: served.admin.cookie ?? "" },
  });
  expect([head.status, head.headers.get("content-length"), head.headers.get("etag")]).toEqual([200, "9000001", etag]);
  expect((await bytesOf(served, path, { "if-none-match": etag }))[0].status).toBe(304);
  // Another file under the name is no continuation.
  utimesSync(join(served.folder, name), new Date(), new Date(Date.now() + 5000));
  expect((await piece("bytes=5000000-", { "if-range": etag }))[0]).toBe(200);
  const audit = (await served.admin.get("api/audit")).body as { action: string; subject: string }[];
  expect(audit[0]).toMatchObject({ action: "download-archive", subject: join(served.folder, name) });
  const vera = await signedIn(served.server, "vera");
  expect(problemOf(await vera.get(path))).toEqual([403, "forbidden"]);
  expect(served.server.problems).toEqual([]);
});

test("a client that goes away leaves no file open, and an empty file is one", async () => {
  const served = await serve();
  const path = join(served.folder, "large.ngwbackup");
  const file = await open(path, "w");
  await file.truncate(2_000_000_000);
  await file.close();
  writeFileSync(join(served.folder, "empty.ngwbackup"), "");
  const empty = await bytesOf(served, `api/archives/${await idOf(served.admin, "empty.ngwbackup")}/download`);
  expect([empty[0].status, empty[1].length]).toEqual([200, 0]);
  const url = `${served.server.url}api/archives/${await idOf(served.admin, "large.ngwbackup")}/download`;
  await new Promise<void>((resolve, reject) => {
    const asked = request(url, { headers: { cookie: served.admin.cookie ?? "" } }, (response) => {
      response.once("data", () => {
        asked.destroy();
        resolve();
      });
    });
    asked.on("error", reject);
    asked.end();
  });
  while ((await openPaths()).includes(path)) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(served.server.problems).toEqual([]);
});

/** What this process has open, the server in it included. */
async function openPaths(): Promise<string[]> {
  const { readdir, readlink } = await import("node:fs/promises");
  const found: string[] = [];
  for (const fd of await readdir("/proc/self/fd")) found.push(await readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return found;
}

test("what a link leads to is not handed out", async () => {
  const served = await serve();
  const secret = join(served.instance.folder, "secret");
  writeFileSync(secret, "a key");
  symlinkSync(secret, join(served.folder, "link.ngwbackup"));
  const answer = await served.admin.get(`api/archives/${await idOf(served.admin, "link.ngwbackup")}/download`);
  expect(problemOf(answer)).toEqual([422, "archive-link"]);
});

test("a folder has no bytes", async () => {
  const served = await serve();
  await mkdir(join(served.folder, "unpacked", "postgres"), { recursive: true });
  writeFileSync(join(served.folder, "unpacked", "postgres", "toc.dat"), "PGDMP");
  const answer = await served.admin.get(`api/archives/${await idOf(served.admin, "unpacked")}/download`);
  expect(problemOf(answer)).toEqual([422, "archive-is-folder"]);
});

test("an archive is removed by whoever types its name, but not the last sound one, nor one that is needed or in use", async () => {
  const served = await serve();
  const { admin, folder } = served;
  for (const number of [1, 2, 3]) await writeDatedArchive(join(folder, `${number}.ngwbackup`), day(number));
  writeFileSync(join(folder, "bad.ngwbackup"), "no archive");
  const remove = async (name: string, confirm = name, client = admin): Promise<unknown> =>
    problemOf(await client.request("DELETE", `api/archives/${await idOf(admin, name)}`, { confirm }));
  const vera = await signedIn(served.server, "vera");
  expect(await remove("1.ngwbackup", "1.ngwbackup", vera)).toEqual([403, "forbidden"]);
  expect(await remove("1.ngwbackup", "2.ngwbackup")).toEqual([422, "not-confirmed"]);
  const verify = await beginRun(join(served.instance.folder, "data"), "verify", {
    subject: `${join(folder, "3.ngwbackup")}\n${join(folder, "1.ngwbackup")}`,
  });
  expect(await remove("1.ngwbackup")).toEqual([409, "in-use"]);
  await verify.end({});
  expect(await remove("1.ngwbackup")).toEqual([204, undefined]);
  expect(existsSync(join(folder, "1.ngwbackup"))).toBe(false);
  expect(await remove("2.ngwbackup")).toEqual([204, undefined]);
  expect(await remove("3.ngwbackup")).toEqual([409, "last-sound"]);
  // Nothing can be restored from it, whatever else is there.
  expect(await remove("bad.ngwbackup")).toEqual([204, undefined]);
  expect((await rowsOf(admin)).map(({ name }) => name)).toEqual(["3.ngwbackup"]);
  const audit = (await admin.get("api/audit")).body as { action: string; who: string; subject: string }[];
  expect(audit.filter(({ action }) => action === "delete-archive").map(({ who, subject }) => [who, subject])).toEqual([
    ["admin", join(folder, "bad.ngwbackup")],
    ["admin", join(folder, "2.ngwbackup")],
    ["admin", join(folder, "1.ngwbackup")],
  ]);
  expect((await admin.request("DELETE", `api/archives/${"0".repeat(40)}`, { confirm: "x" })).status).toBe(404);
});

test("what another archive refers to stays, also where the one that may refer to it cannot be read", async () => {
  const served = await serve();
  const { admin, folder } = served;
  const base = async (name: string, number: number): Promise<string> => {
    await writeDatedArchive(join(folder, name), day(number));
    const bytes = await readFile(join(folder, name));
    const comment = /ngwbackup manifest sha256=([0-9a-f]{64})$/.exec(bytes.toString("latin1"))?.[1];
    return comment ?? "";
  };
  const sha256 = await base("base.ngwbackup", 1);
  await base("other.ngwbackup", 4);
  const { createdAt } = { createdAt: "2026-01-01T00:00:00.000Z" };
  await writeDatedArchive(join(folder, "increment.ngwbackup"), {
    ...day(2),
    format: 2,
    base: [
      { id: 1, fileName: "base.ngwbackup", sha256, createdAt, instanceId: "f3b2a1c0-1111-2222-3333-444455556666" },
    ],
  });
  const remove = async (name: string): Promise<{ status: number; hints?: string[]; code?: string }> => {
    const { status, body } = await admin.request("DELETE", `api/archives/${await idOf(admin, name)}`, {
      confirm: name,
    });
    return { status, ...(body as { hints: string[]; code: string } | undefined) };
  };
  expect(await remove("base.ngwbackup")).toMatchObject({
    status: 409,
    code: "referred-to",
    hints: ["increment.ngwbackup refers to it"],
  });
  // One that is damaged is known by its name.
  const sound = await readFile(join(folder, "base.ngwbackup"));
  writeFileSync(join(folder, "base.ngwbackup"), "damaged");
  expect(await remove("base.ngwbackup")).toMatchObject({ status: 409, code: "referred-to" });
  writeFileSync(join(folder, "base.ngwbackup"), sound);
  writeFileSync(join(folder, "unreadable.ngwbackup"), "cut off");
  expect(await remove("other.ngwbackup")).toMatchObject({ status: 409, code: "referred-to" });
  expect(await remove("unreadable.ngwbackup")).toMatchObject({ status: 204 });
  expect(await remove("increment.ngwbackup")).toMatchObject({ status: 204 });
  expect(await remove("base.ngwbackup")).toMatchObject({ status: 204 });
  expect(statSync(join(folder, "other.ngwbackup")).isFile()).toBe(true);
});

test("a thousand archives are listed, and looked into once", async () => {
  const served = await serve();
  await writeDatedArchive(join(served.folder, "0000.ngwbackup"), day(1));
  const bytes = await readFile(join(served.folder, "0000.ngwbackup"));
  for (let index = 1; index < 1000; index += 1)
    writeFileSync(join(served.folder, `${String(index).padStart(4, "0")}.ngwbackup`), bytes);
  const first = await rowsOf(served.admin);
  expect(first).toHaveLength(1000);
  expect(new Set(first.map(({ id }) => id)).size).toBe(1000);
  const all = await Promise.all([1, 2, 3].map(async () => await rowsOf(served.admin)));
  expect(all.every((rows) => rows.length === 1000 && rows.every(({ state }) => state === "complete"))).toBe(true);
});

test.skipIf(s3 === undefined)(
  "archives in S3 (moto) are listed, looked into, downloaded in pieces and removed",
  async () => {
    const { endpoint, accessKeyId, secretAccessKey } = s3 as S3Server;
    const bucket = await makeBucket(s3 as S3Server);
    const keys = `s3.endpoint = ${endpoint}\ns3.access_key_id = ${accessKeyId}\ns3.secret_access_key = ${secretAccessKey}\n`;
    const served = await serve(`${keys}serve.places = s3://${bucket}/daily/`);
    const { admin, instance } = served;
    const local = join(instance.folder, "local.ngwbackup");
    for (const number of [1, 2]) {
      await writeDatedArchive(local, day(number));
      const to = `s3://${bucket}/daily/${number}.ngwbackup`;
      expect((await runCli(["copy", "--config", instance.config, local, to])).exitCode).toBe(0);
    }
    const rows = await rowsOf(admin);
    expect(rows.map(({ path, state }) => [path, state])).toEqual([
      [`s3://${bucket}/daily/2.ngwbackup`, "complete"],
      [`s3://${bucket}/daily/1.ngwbackup`, "complete"],
    ]);
    const path = `api/archives/${rows[0]?.id}/download`;
    const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    const [, whole] = await bytesOf(served, path);
    expect(sha256(whole)).toBe(sha256(await readFile(local)));
    const [part, bytes] = await bytesOf(served, path, { range: "bytes=100-199" });
    expect([part.status, bytes.equals(whole.subarray(100, 200))]).toEqual([206, true]);
    const remove = async (index: number): Promise<unknown> =>
      problemOf(await admin.request("DELETE", `api/archives/${rows[index]?.id}`, { confirm: rows[index]?.name ?? "" }));
    expect(await remove(1)).toEqual([204, undefined]);
    expect(await remove(0)).toEqual([409, "last-sound"]);
    expect(await everythingIn(s3 as S3Server, bucket)).toEqual(["daily/2.ngwbackup"]);
    expect((await admin.get("api/settings")).text).not.toContain(secretAccessKey);
    expect(served.server.problems).toEqual([]);
  },
);
