import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  keptName,
  type PlannedFile,
  type RestoreFiles,
  planNewFiles,
  planRemovals,
} from "../../src/files/restore-files.ts";
import { hasContent, stageFile } from "../../src/files/stage-file.ts";
import {
  bringBackOldFiles,
  holdFile,
  makeLiveFolders,
  putNewFiles,
  removeOldFiles,
} from "../../src/files/swap-files.ts";
import {
  createWorkFolder,
  findWorkFolders,
  removeEmptyParents,
  removeWorkFolder,
} from "../../src/files/work-folder.ts";

const uuid = (digit: string): string => digit.repeat(32);
const blob = (digit: string): PlannedFile => ({
  area: "blobs",
  path: `c/${digit}${digit}/${digit}${digit}/${uuid(digit)}`,
  number: Number(digit),
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ngwbackup-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Content of every file under a folder, by relative path. */
function tree(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" }))
    if (statSync(join(root, name)).isFile()) found[name] = readFileSync(join(root, name), "utf8");
  return found;
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  for (const char of text) yield Buffer.from(char);
}

/** An instance with blobs 1 (to be replaced), 2 (kept), 3 (surplus), and a restore of 1 (other content), 2 and 4. */
async function prepared(): Promise<{
  files: RestoreFiles;
  before: Record<string, string>;
  after: Record<string, string>;
}> {
  const blobs = join(folder, "file_storage");
  write(join(blobs, blob("1").path), "trunc");
  write(join(blobs, blob("2").path), "two");
  write(join(blobs, blob("3").path), "surplus");
  const before = tree(blobs);
  const work = await createWorkFolder(
    { dataFolder: folder, blobFolder: blobs, fontFolder: undefined, tileCacheFolder: undefined },
    "restore",
    "run1",
    process.pid,
  );
  const files: RestoreFiles = { work, areas: { blobs } };
  await stageFile(files, blob("1"), bytes("truncated no more"));
  await stageFile(files, blob("4"), bytes("four"), { sizeBytes: 4, what: "four" });
  await planNewFiles(files, [blob("1"), blob("4")]);
  await planRemovals(files, [blob("3")]);
  const after = { [blob("1").path]: "truncated no more", [blob("2").path]: "two", [blob("4").path]: "four" };
  return { files, before, after };
}

describe("replacing files", () => {
  test("nothing live is touched before the switch, and everything is there after it", async () => {
    const { files, before, after } = await prepared();
    expect(tree(files.areas.blobs!)).toEqual(before);
    await putNewFiles(files);
    expect(tree(files.areas.blobs!)).toEqual({ ...before, ...after });
    await removeOldFiles(files);
    expect(tree(files.areas.blobs!)).toEqual(after);
  });

  test("going back, and forth again, from every point gives the same", async () => {
    const { files, before, after } = await prepared();
    for (let round = 0; round < 2; round += 1) {
      await putNewFiles(files);
      await bringBackOldFiles(files);
      expect(tree(files.areas.blobs!)).toEqual(before);
      await putNewFiles(files);
      await removeOldFiles(files);
      await removeOldFiles(files);
      await putNewFiles(files);
      expect(tree(files.areas.blobs!)).toEqual(after);
      await bringBackOldFiles(files);
      await bringBackOldFiles(files);
      expect(tree(files.areas.blobs!)).toEqual(before);
    }
  });

  test("a half-done step of a dead run is finished in either direction", async () => {
    const { linkSync, renameSync } = await import("node:fs");
    const { files, before, after } = await prepared();
    const live = join(files.areas.blobs!, blob("1").path);
    const kept = keptName(files, "previous", blob("1"));
    const staged = keptName(files, "new", blob("1"));
    // died after the old one was linked, before the new one was renamed over it
    mkdirSync(dirname(kept), { recursive: true });
    linkSync(live, kept);
    await bringBackOldFiles(files);
    expect(tree(files.areas.blobs!)).toEqual(before);
    await putNewFiles(files);
    await removeOldFiles(files);
    expect(tree(files.areas.blobs!)).toEqual(after);
    // died on the way back, after the new one was linked away, before the old one was renamed over it
    linkSync(live, staged);
    await putNewFiles(files);
    expect(tree(files.areas.blobs!)).toEqual(after);
    linkSync(live, staged);
    await bringBackOldFiles(files);
    expect(tree(files.areas.blobs!)).toEqual(before);
    renameSync(staged, staged);
  });

  test("folders that were made for new files go with them", async () => {
    const { files } = await prepared();
    const folderOfFour = dirname(join(files.areas.blobs!, blob("4").path));
    await makeLiveFolders(files);
    expect(existsSync(folderOfFour)).toBe(true);
    await bringBackOldFiles(files);
    expect(existsSync(dirname(folderOfFour))).toBe(false);
    expect(existsSync(dirname(join(files.areas.blobs!, blob("1").path)))).toBe(true);
  });

  test("a list without numbers, as 0.1 wrote it, is refused before anything is moved", async () => {
    const { files, before } = await prepared();
    const { area, path } = blob("1");
    writeFileSync(join(files.work.path, "put.jsonl"), `${JSON.stringify({ area, path })}\n`);
    await expect(bringBackOldFiles(files)).rejects.toMatchObject({ code: "old-work-folder" });
    expect(tree(files.areas.blobs!)).toEqual(before);
  });

  test("a file of the wrong size is refused while it is staged", async () => {
    const { files } = await prepared();
    await expect(stageFile(files, blob("5"), bytes("12345"), { sizeBytes: 6, what: "entry five" })).rejects.toThrow(
      "entry five: expected 6 bytes, found 5",
    );
  });

  test("content is compared by size and digest", async () => {
    const { files } = await prepared();
    const two = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";
    expect(await hasContent(files, blob("2"), 3, two)).toBe(true);
    expect(await hasContent(files, blob("2"), 4, two)).toBe(false);
    expect(await hasContent(files, blob("2"), 3, two.replace("3", "4"))).toBe(false);
    expect(await hasContent(files, blob("9"), 3, two)).toBe(false);
  });

  test("a work folder tells a live run from a dead one, and is removed whole", async () => {
    const { files } = await prepared();
    const folders = {
      dataFolder: folder,
      blobFolder: join(folder, "file_storage"),
      fontFolder: undefined,
      tileCacheFolder: undefined,
    };
    expect((await findWorkFolders(folders)).map(({ runId, alive }) => [runId, alive])).toEqual([["run1", true]]);
    writeFileSync(
      join(files.work.path, "owner.json"),
      JSON.stringify({ pid: process.pid, bootId: "another", startTicks: "1" }),
    );
    expect((await findWorkFolders(folders)).map(({ alive }) => alive)).toEqual([false]);
    await removeWorkFolder(files.work);
    expect(readdirSync(folder)).toEqual(["file_storage"]);
    // died before it had a folder of its own
    mkdirSync(join(folder, "ngwbackup"));
    await removeEmptyParents(folders);
    expect(readdirSync(folder)).toEqual(["file_storage"]);
  });

  test("a file that both states share is there again after an undo, whatever was deleted meanwhile", async () => {
    const { files } = await prepared();
    const live = join(files.areas.blobs!, blob("2").path);
    await planNewFiles(files, [], [blob("2")]);
    holdFile(files, blob("2"));
    expect(readFileSync(keptName(files, "held", blob("2")), "utf8")).toBe("two");
    rmSync(live);
    await bringBackOldFiles(files);
    expect(readFileSync(live, "utf8")).toBe("two");
    // As often as it takes.
    rmSync(live);
    await bringBackOldFiles(files);
    expect(readFileSync(live, "utf8")).toBe("two");
    // One that is gone cannot be held, and is told.
    rmSync(live);
    expect(() => holdFile(files, { ...blob("2"), number: 7 })).toThrow(/ENOENT/);
  });
});
