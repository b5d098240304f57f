import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { changeToc, copyParts, type Parts, put, seal, takeApart } from "../../campaigns/hostile/forge.ts";
import { filesBelow } from "../../fixtures/rclone.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { addBlob, backupTo, blobFile } from "../increments/changes.ts";

let instance: TestInstance;
let sound: Buffer;
let parts: Parts;
let blobs: [string, string];

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  blobs = [await addBlob(instance, 50_000), await addBlob(instance, 40_000)];
  sound = readFileSync(await backupTo(instance, join(instance.folder, "sound.ngwbackup")));
  parts = await takeApart(sound);
}, 120_000);
afterAll(() => instance.drop());

async function archiveOf(bytes: Buffer): Promise<string> {
  const path = join(await tempFolder(), "a.ngwbackup");
  writeFileSync(path, bytes);
  return path;
}

test("what is damaged is named and never gets its name; the rest is taken", async () => {
  const bytes = Buffer.from(sound);
  const content = readFileSync(blobFile(instance, blobs[0]));
  const at = bytes.indexOf(content.subarray(1000, 1100));
  expect(at).toBeGreaterThan(0);
  bytes[at]! ^= 1;
  const archive = await archiveOf(bytes);
  const to = await tempFolder();
  const result = await runCli(["extract", archive, "--to", to, ...blobs]);
  expect(result).toMatchObject({ exitCode: 5, stdout: "" });
  expect(result.stderr).toMatch(/warning: .*entry component\/file_storage\/\d{8}: /);
  expect(result.stderr).toMatch(
    /error: 1 of 2 entries of .* are damaged; the others are in .*\n {2}file_storage\/extra\/.*\nhint: ngwbackup verify/,
  );
  const path = blobFile({ ...instance, sdir: to }, blobs[1]);
  expect(filesBelow(to).map((name) => join(to, name))).toEqual([path]);
  expect(readFileSync(path).equals(readFileSync(blobFile(instance, blobs[1])))).toBe(true);
  const alone = await runCli(["extract", archive, "--to", "-", blobs[0]]);
  expect(alone.exitCode).toBe(5);
  // Others are not even looked at.
  expect(await runCli(["extract", archive, "--to", "-", blobs[1]])).toMatchObject({ exitCode: 0 });
});

test("a byte that only the manifest's digest tells from the right one is found", async () => {
  const forged = copyParts(parts);
  const name = [...forged.entries].find(([, content]) =>
    content.equals(readFileSync(blobFile(instance, blobs[0]))),
  )![0];
  const changed = Buffer.from(forged.entries.get(name)!);
  changed[77]! ^= 1;
  // Headers and CRC-32 fit.
  forged.entries.set(name, changed);
  const to = await tempFolder();
  const result = await runCli(["extract", await archiveOf(seal(forged)), "--to", to, blobs[0]]);
  expect(result).toMatchObject({ exitCode: 5, stdout: "" });
  expect(result.stderr).toMatch(/sha256.*: expected [0-9a-f]{64}, found [0-9a-f]{64}/);
  expect(filesBelow(to)).toEqual([]);
});

test.each([
  ["a component that leaves", { component: "../..", uuid: "0".repeat(32) }],
  ["a UUID that leaves", { component: "extra", uuid: "../../../../../../etc/passwd" }],
  ["a font that leaves", { component: "core", filename: "../../x.ttf" }],
])("%s is refused before anything is written", async (_, payload) => {
  const forged = copyParts(parts);
  const identity = "uuid" in payload ? "fileobj" : "font";
  const index = "component/file_storage/$index";
  const lines = forged.entries.get(index)!.toString().trimEnd().split("\n");
  lines[0] = JSON.stringify({ id: 1, identity, payload });
  put(forged, index, Buffer.from(`${lines.join("\n")}\n`));
  const folder = await tempFolder();
  const result = await runCli(["extract", await archiveOf(seal(forged)), "--to", join(folder, "to")]);
  expect(result).toMatchObject({ exitCode: 5, stdout: "" });
  expect(existsSync(join(folder, "to"))).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

test("tables named like paths stay in their folder, and two of one name are refused", async () => {
  const rename = (count: number): Parts => {
    const forged = copyParts(parts);
    changeToc(forged, (toc) => {
      const data = toc.entries.filter(
        ({ description, namespace }) => description === "TABLE DATA" && namespace !== null,
      );
      for (const entry of data.slice(0, count))
        Object.assign(entry, { namespace: "../../..", tag: "../../etc/x\n/../y" });
    });
    return forged;
  };
  const folder = await tempFolder();
  const to = join(folder, "to");
  const result = await runCli(["extract", await archiveOf(seal(rename(1))), "--to", to, "table:**"]);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(readdirSync(folder)).toEqual(["to"]);
  expect(readdirSync(to)).toEqual(["tables"]);
  expect(result.stdout).toContain(`${to}/tables/%2E.%2F`);
  const twice = await runCli(["extract", await archiveOf(seal(rename(2))), "--to", join(folder, "two"), "table:**"]);
  expect(twice).toMatchObject({ exitCode: 5, stdout: "" });
  expect(twice.stderr).toContain("expected once, found twice");
});

test("what should be there and is not is named, by itself and among all", async () => {
  const forged = copyParts(parts);
  const entry = [...forged.entries.keys()].find((name) => /^postgres\/\d+\.dat/.test(name))!;
  forged.entries.delete(entry);
  const archive = await archiveOf(seal(forged));
  const to = await tempFolder();
  const all = await runCli(["extract", archive, "--to", to]);
  expect(all).toMatchObject({ exitCode: 5, stdout: "" });
  expect(all.stderr).toContain(`entry ${entry}: missing entry`);
  const listed = await runCli(["extract", "--list", archive]);
  const names = listed.stdout.match(/\S+$/gm)!.slice(1);
  expect(filesBelow(to)).toHaveLength(names.length - 1);
  const alone = await runCli(["extract", archive, "--to", to, entryNameOf(all.stderr), "--overwrite"]);
  expect(alone).toMatchObject({ exitCode: 5, stdout: "" });
});

/** The name that an error gives the one entry that is damaged. */
function entryNameOf(stderr: string): string {
  const [, name = ""] = /^ {2}(table:\S+)$/m.exec(stderr) ?? [];
  expect(name).not.toBe("");
  return name;
}

test("files without the index that names them are no empty component", async () => {
  for (const withRecords of [true, false]) {
    const forged = copyParts(parts);
    for (const name of forged.entries.keys())
      if (name === "component/file_storage/$index" || (!withRecords && /^component\/file_storage\/\d/.test(name)))
        forged.entries.delete(name);
    const folder = await tempFolder();
    const result = await runCli(["extract", await archiveOf(seal(forged)), "--to", join(folder, "to")]);
    expect(result).toMatchObject({ exitCode: 5, stdout: "" });
    expect(result.stderr).toContain("entry component/file_storage/$index: missing entry");
  }
});

test("a name from an archive does not reach the terminal as it is", async () => {
  const forged = copyParts(parts);
  changeToc(forged, (toc) => {
    const data = toc.entries.find(({ description, namespace }) => description === "TABLE DATA" && namespace !== null)!;
    Object.assign(data, { tag: "x\u001B[2Jy" });
  });
  const result = await runCli(["extract", await archiveOf(seal(forged)), "--to", "-", "table:public.x*"]);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(result.stderr).toContain(String.raw`table:public.x\x1b[2Jy: `);
});
