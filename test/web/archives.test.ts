import { copyFileSync, existsSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { generateIdentity, identityToRecipient } from "age-encryption";
import {
  ArchiveChanges,
  ArchiveDetail,
  ArchiveList,
  type ArchiveRow,
  RetentionPreview,
} from "../../src/web/api/archives.ts";
import { writeDatedArchive } from "../fixtures/dated-archive.ts";
import { beginRun } from "../fixtures/made-up-run.ts";
import { writeNgwArchive } from "../fixtures/ngw-archive.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { type ServedInstance, bodyAs, createServedInstance, signedIn } from "../fixtures/served-instance.ts";
import { type WebClient, type WebServer, problemOf } from "../fixtures/web-server.ts";
import { backupTo, sql } from "../operations/increments/changes.ts";

let instance: ServedInstance;
let folder: string;
let elsewhere: string;
let server: WebServer;
let admin: WebClient;

/** Sound archives: a full one, one that refers to it, and one whose base is in no place. */
beforeAll(async () => {
  instance = await createServedInstance();
  folder = instance.backupFolder;
  elsewhere = join(instance.folder, "elsewhere");
  for (const path of [folder, elsewhere]) await mkdir(path);
  const [, config] = instance.config;
  writeFileSync(config, `[ngwbackup]\nserve.places = ${elsewhere}, ${join(instance.folder, "not-there")}\n`, {
    flag: "a",
  });
  await backupTo(instance, join(folder, "full.ngwbackup"), "--tag", "first");
  await sql(instance, "INSERT INTO core_migration VALUES ('extra', '2a000001')");
  await backupTo(instance, join(folder, "increment.ngwbackup"), "--base", join(folder, "full.ngwbackup"));
  const gone = await backupTo(instance, join(folder, "gone.ngwbackup"));
  await backupTo(instance, join(elsewhere, "orphan.ngwbackup"), "--base", gone);
  await rename(gone, join(instance.folder, "gone"));
  await backupTo(instance, join(elsewhere, "a folder"), "--no-zip");
  const identity = await generateIdentity();
  await backupTo(instance, join(elsewhere, "sealed.ngwbackup.age"), "--recipient", await identityToRecipient(identity));
  writeFileSync(join(instance.folder, "key.txt"), `${identity}\n`, { mode: 0o600 });
  await writeNgwArchive({
    settings: instance.database.settings,
    fileStoragePath: join(instance.sdir, "file_storage"),
    target: join(elsewhere, "theirs.ngwbackup"),
  });
  copyFileSync(join(folder, "full.ngwbackup"), join(elsewhere, "cut.ngwbackup"));
  truncateSync(join(elsewhere, "cut.ngwbackup"), 10_000);
});
afterAll(() => instance.drop());
beforeEach(async () => {
  server = await instance.start();
  admin = await signedIn(server);
});

async function list(client = admin): Promise<ArchiveList> {
  return bodyAs<ArchiveList>(ArchiveList, await client.get("api/archives"));
}

async function row(name: string): Promise<ArchiveRow> {
  const found = (await list()).archives.find((archive) => archive.name === name);
  if (found === undefined) throw new Error(`there is no archive ${name}`);
  return found;
}

test("archives of all places are told with what is known of each, and places with what is wrong with them", async () => {
  const { places, archives } = await list();
  expect(places).toMatchObject([
    { name: folder, isDefault: true, problem: null },
    { name: elsewhere, isDefault: false, problem: null },
    { isDefault: false, problem: expect.stringContaining("cannot list") as string },
  ]);
  expect(places[0]?.freeBytes).toBeGreaterThan(0);
  const found = new Map(archives.map((archive) => [archive.name, archive]));
  expect([...found.keys()].toSorted()).toEqual(
    [
      "a folder",
      "cut.ngwbackup",
      "full.ngwbackup",
      "increment.ngwbackup",
      "orphan.ngwbackup",
      "sealed.ngwbackup.age",
      "theirs.ngwbackup",
    ].toSorted(),
  );
  expect(archives.map(({ time }) => time)).toEqual(
    archives
      .map(({ time }) => time)
      .toSorted()
      .toReversed(),
  );
  const full = found.get("full.ngwbackup");
  expect(full).toMatchObject({
    placeId: places[0]?.id,
    path: join(folder, "full.ngwbackup"),
    sizeBytes: statSync(join(folder, "full.ngwbackup")).size,
    isOurs: true,
    state: "complete",
    tags: ["first"],
    incremental: false,
    missingBase: [],
    verified: null,
    drilled: null,
  });
  expect(found.get("increment.ngwbackup")).toMatchObject({
    incremental: true,
    base: ["full.ngwbackup"],
    missingBase: [],
  });
  expect(found.get("orphan.ngwbackup")).toMatchObject({ incremental: true, missingBase: ["gone.ngwbackup"] });
  expect(found.get("sealed.ngwbackup.age")).toMatchObject({ encrypted: true, state: "unreadable", isOurs: null });
  expect(found.get("theirs.ngwbackup")).toMatchObject({ state: "foreign", application: "nextgisweb" });
  expect(found.get("cut.ngwbackup")).toMatchObject({ state: "damaged" });
  expect(found.get("cut.ngwbackup")?.problem).toContain("cut.ngwbackup");
  expect(found.get("a folder")?.sizeBytes).toBeGreaterThan(100_000);
  // Names and ids are the same for who may only look, and after a restart.
  const vera = await list(await signedIn(await instance.start(), "vera"));
  expect(vera.archives.map(({ id }) => id)).toEqual(archives.map(({ id }) => id));
});

test("an archive is looked into once, and again when it is another one, or its key is there", async () => {
  const path = join(folder, "changing.ngwbackup");
  await writeDatedArchive(path, {});
  expect(await row("changing.ngwbackup")).toMatchObject({ state: "complete" });
  const { size, mtime } = statSync(path);
  writeFileSync(path, Buffer.alloc(size));
  utimesSync(path, mtime, mtime);
  expect(await row("changing.ngwbackup")).toMatchObject({ state: "complete" });
  utimesSync(path, mtime, new Date(mtime.getTime() + 1000));
  expect(await row("changing.ngwbackup")).toMatchObject({ state: "damaged" });
  const { id } = await row("changing.ngwbackup");
  expect((await admin.request("DELETE", `api/archives/${id}`, { confirm: "changing.ngwbackup" })).status).toBe(204);

  expect(await row("sealed.ngwbackup.age")).toMatchObject({ state: "unreadable" });
  const [, config] = instance.config;
  const before = await readFile(config, "utf8");
  writeFileSync(config, `${before}decrypt.identity = ${join(instance.folder, "key.txt")}\n`);
  expect(await row("sealed.ngwbackup.age")).toMatchObject({ state: "complete", encrypted: true, isOurs: true });
  // What is wrong with the key is wrong with its place, and hides none of the archives.
  writeFileSync(config, `${before}decrypt.identity = ${join(instance.folder, "no-key.txt")}\n`);
  const broken = await list();
  expect(broken.places[1]?.problem).toContain("no-key.txt");
  expect(broken.archives.find(({ name }) => name === "sealed.ngwbackup.age")).toMatchObject({ state: "unreadable" });
  expect(broken.archives.some(({ name }) => name === "theirs.ngwbackup")).toBe(true);
  writeFileSync(config, before);
});

test("what was said of an archive by verify and drill is told, of the file that it is now", async () => {
  const path = join(folder, "full.ngwbackup");
  const other = join(folder, "increment.ngwbackup");
  const verify = await beginRun(instance.sdir, "verify", { subject: `${path}\n${other}` });
  const results = [
    { archive: path, ok: true },
    { archive: other, ok: false },
  ];
  await verify.end({ state: "damaged", exitCode: 5, summary: { archives: results } });
  const drill = await beginRun(instance.sdir, "drill", { subject: path });
  await drill.end({ summary: { recoveryMs: 1234 } });
  await beginRun(instance.sdir, "verify", { subject: path });
  expect(await row("full.ngwbackup")).toMatchObject({
    verified: { runId: verify.id, state: "done" },
    drilled: { runId: drill.id, state: "done", recoveryMs: 1234 },
  });
  expect(await row("increment.ngwbackup")).toMatchObject({ verified: { state: "damaged" }, drilled: null });
  const { mtime } = statSync(path);
  utimesSync(path, mtime, new Date(Date.now() + 60_000));
  expect(await row("full.ngwbackup")).toMatchObject({ verified: null, drilled: null });
  utimesSync(path, mtime, mtime);
});

test("one archive is told part by part, layers by their names; also one that refers to another, or to one that is gone", async () => {
  const read = async (name: string): Promise<ArchiveDetail> =>
    bodyAs<ArchiveDetail>(ArchiveDetail, await admin.get(`api/archives/${(await row(name)).id}`));
  const full = await read("full.ngwbackup");
  const partsOf = ({ parts }: ArchiveDetail): Map<string, unknown> => new Map(parts.map((part) => [part.name, part]));
  const parts = partsOf(full);
  expect(parts.get("Points 1")).toMatchObject({
    kind: "layer",
    rows: 120,
    what: expect.stringMatching(/^vector_layer\.layer_[0-9a-f]{32}$/) as string,
  });
  expect(parts.get("public.resource")).toMatchObject({ kind: "table" });
  expect(parts.get("raster_layer")).toMatchObject({ kind: "files", files: 2, plainBytes: 500_000 });
  expect(parts.get("feature_attachment")).toMatchObject({ kind: "files", files: 9 });
  expect(full.parts.map(({ plainBytes }) => plainBytes)).toEqual(
    full.parts.map(({ plainBytes }) => plainBytes).toSorted((a, b) => b - a),
  );
  expect(full).toMatchObject({ partsLeftOut: 0, losses: [], chain: [], signed: false, previousId: null });
  const inspected = await runCli(["inspect", "--json", ...instance.config, full.archive.path]);
  const summary = JSON.parse(inspected.stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
  expect({ rows: full.rows, server: full.server, postgis: full.postgis, migrations: full.migrations }).toEqual({
    rows: summary["rows"],
    server: summary["server"],
    postgis: summary["postgis"],
    migrations: summary["migrations"],
  });
  expect(full.writtenBy).toMatch(/^ngwbackup /);
  expect(full.database).toBe(instance.database.name);

  const increment = await read("increment.ngwbackup");
  expect(increment).toMatchObject({
    chain: [{ name: "full.ngwbackup", id: full.archive.id }],
    previousId: full.archive.id,
    migrations: (full.migrations ?? 0) + 1,
  });
  expect(increment.chain[0]?.bytes).toBeGreaterThan(100_000);
  expect(partsOf(increment).has("Points 1")).toBe(true);
  const orphan = await read("orphan.ngwbackup");
  expect(orphan).toMatchObject({ chain: [{ name: "gone.ngwbackup", id: null }] });
  expect(orphan.parts.some(({ kind }) => kind === "layer")).toBe(true);
  expect(partsOf(await read("a folder")).has("Points 1")).toBe(true);
  const theirs = await read("theirs.ngwbackup");
  expect(theirs).toMatchObject({ writtenBy: "NextGIS Web", rows: null, migrations: null });
  expect(partsOf(theirs).get("Points 1")).toMatchObject({ kind: "layer", rows: null });
  expect(partsOf(theirs).get("raster_layer")).toMatchObject({ files: 2, plainBytes: 500_000 });

  const problem = async (name: string): Promise<unknown> =>
    problemOf(await admin.get(`api/archives/${(await row(name)).id}`));
  expect(await problem("cut.ngwbackup")).toEqual([422, "archive-damaged"]);
  expect(await problem("sealed.ngwbackup.age")).toEqual([422, "no-identity"]);
});

test("an archive is held against the one before, or another", async () => {
  const [full, increment] = [await row("full.ngwbackup"), await row("increment.ngwbackup")];
  const changes = bodyAs<ArchiveChanges>(ArchiveChanges, await admin.get(`api/archives/${increment.id}/changes`));
  expect(changes).toMatchObject({
    against: { id: full.id, name: "full.ngwbackup" },
    added: [],
    removed: [],
    migrationsAdded: ["extra:2a000001"],
    migrationsRemoved: [],
    filesAdded: 0,
    filesRemoved: 0,
  });
  expect(changes.changed.map(({ part }) => part.name)).toContain("public.core_migration");
  const back = await admin.get(`api/archives/${full.id}/changes?against=${increment.id}`);
  expect(bodyAs<ArchiveChanges>(ArchiveChanges, back).migrationsRemoved).toEqual(["extra:2a000001"]);
  expect(problemOf(await admin.get(`api/archives/${full.id}/changes`))).toEqual([404, "not-found"]);
  const cut = await row("cut.ngwbackup");
  expect(problemOf(await admin.get(`api/archives/${full.id}/changes?against=${cut.id}`))).toEqual([
    422,
    "archive-damaged",
  ]);
});

test("an id leads to nothing but an archive that a place lists", async () => {
  const { id } = await row("full.ngwbackup");
  const ids = [
    "..%2F..%2Fconfig.ini",
    encodeURIComponent(join(folder, "full.ngwbackup")),
    id.slice(0, -1),
    `${id.slice(0, 20)}${"0".repeat(20)}`,
    `${"0".repeat(20)}${id.slice(20)}`,
    `${id}%00`,
  ];
  for (const wrong of ids)
    for (const path of [`api/archives/${wrong}`, `api/archives/${wrong}/changes`, `api/archives/${wrong}/download`])
      expect(problemOf(await admin.get(path))).toEqual([404, "not-found"]);
  expect(existsSync(join(folder, "full.ngwbackup"))).toBe(true);
});

test("what retention would remove is told, and nothing is removed", async () => {
  expect(bodyAs<RetentionPreview>(RetentionPreview, await admin.get("api/retention"))).toEqual({
    configured: false,
    rules: [],
    removedBytes: 0,
    archives: [],
  });
  const [, config] = instance.config;
  const before = await readFile(config, "utf8");
  writeFileSync(config, `${before}keep.last = 1\nkeep.daily = 0\n`);
  const preview = bodyAs<RetentionPreview>(RetentionPreview, await admin.get("api/retention"));
  const [increment, full] = preview.archives;
  expect(preview).toMatchObject({ configured: true, rules: ["keep.last = 1", "keep.daily = 0"] });
  expect(increment).toMatchObject({ name: "increment.ngwbackup", action: "keep" });
  // What stays refers to it.
  expect(full).toMatchObject({ archiveId: (await row("full.ngwbackup")).id, action: "keep" });
  const { places } = await list();
  const there = await admin.get(`api/retention?place=${places[1]?.id}`);
  expect(bodyAs<RetentionPreview>(RetentionPreview, there).archives.length).toBeGreaterThan(3);
  expect(problemOf(await admin.get("api/retention?place=/etc"))).toEqual([404, "not-found"]);
  writeFileSync(config, before);
  expect((await list()).archives).toHaveLength(7);
});

test("a link in a place is told as the archive that it leads to, and goes by no hand of ours", async () => {
  symlinkSync(join(folder, "full.ngwbackup"), join(elsewhere, "link.ngwbackup"));
  const { id } = await row("link.ngwbackup");
  const answer = await admin.request("DELETE", `api/archives/${id}`, { confirm: "link.ngwbackup" });
  expect(problemOf(answer)).toEqual([409, "archive-link"]);
  expect(existsSync(join(folder, "full.ngwbackup"))).toBe(true);
  expect((await runCli(["verify", ...instance.config, join(folder, "full.ngwbackup")])).exitCode).toBe(0);
});
