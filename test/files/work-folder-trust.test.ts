import { chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bringBackOldFiles } from "../../src/files/swap-files.ts";
import type { StorageFolders } from "../../src/files/storage-layout.ts";
import { createWorkFolder, findWorkFolders } from "../../src/files/work-folder.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

async function instanceFolders(): Promise<StorageFolders & { dataFolder: string; blobFolder: string }> {
  const dataFolder = await tempFolder();
  const blobFolder = join(dataFolder, "file_storage");
  mkdirSync(blobFolder);
  return { dataFolder, blobFolder, fontFolder: undefined, tileCacheFolder: undefined };
}

describe("what others placed where runs keep their work", () => {
  test("a symbolic link is not followed: the work goes elsewhere, and the link is named", async () => {
    const folders = await instanceFolders();
    const elsewhere = await tempFolder();
    mkdirSync(join(elsewhere, "restore-abcd"));
    symlinkSync(elsewhere, join(folders.dataFolder, "ngwbackup"));
    const work = await createWorkFolder(folders, "restore", "run1", process.pid);
    expect(work.path).toBe(join(folders.dataFolder, ".file_storage.ngwbackup", "restore-run1"));
    expect(readdirSync(elsewhere)).toEqual(["restore-abcd"]);
    await expect(findWorkFolders(folders)).rejects.toMatchObject({
      code: "work-folder-untrusted",
      message: `${join(folders.dataFolder, "ngwbackup")} was not made by ngwbackup: it is no folder, or a symbolic link`,
    });
  });

  test("nor is one in the place of a run's folder", async () => {
    const folders = await instanceFolders();
    mkdirSync(join(folders.dataFolder, "ngwbackup"));
    symlinkSync(await tempFolder(), join(folders.dataFolder, "ngwbackup", "restore-abcd"));
    await expect(findWorkFolders(folders)).rejects.toMatchObject({ code: "work-folder-untrusted" });
  });

  test.skipIf(process.geteuid?.() !== 0)("a folder of another user is none of ours", async () => {
    const folders = await instanceFolders();
    const path = join(folders.dataFolder, "ngwbackup", "restore-abcd");
    mkdirSync(path, { recursive: true });
    chownSync(path, 54_321, 54_321);
    await expect(findWorkFolders(folders)).rejects.toThrow(/it is a folder of user 54321/);
    // The data folder's owner may leave work behind that root then settles.
    chownSync(folders.dataFolder, 54_321, 54_321);
    expect(await findWorkFolders(folders)).toMatchObject([{ path, alive: false }]);
  });

  test.each([
    { area: "blobs", path: "../../outside", number: 0 },
    { area: "blobs", path: "/etc/passwd", number: 0 },
    { area: "fonts", path: "../outside.ttf", number: 0 },
    { area: "tiles", path: "..", number: 0 },
    { area: "tiles", path: "a/../../b", number: 0 },
    { area: "blobs", path: `c/aa/aa/${"a".repeat(32)}`, number: "../../x" },
    { area: "blobs", path: `c/aa/aa/${"a".repeat(32)}`, number: -1 },
    { area: "__proto__", path: "x", number: 0 },
  ])("a list cannot name a file outside of its area: %j", async (line) => {
    const folders = await instanceFolders();
    const work = await createWorkFolder(folders, "restore", "run1", process.pid);
    writeFileSync(join(folders.dataFolder, "outside"), "untouched");
    writeFileSync(join(work.path, "put.jsonl"), `${JSON.stringify(line)}\n`);
    const areas = { blobs: folders.blobFolder, fonts: folders.blobFolder, tiles: folders.blobFolder };
    await expect(bringBackOldFiles({ work, areas })).rejects.toMatchObject({
      code: typeof line.number === "string" ? "old-work-folder" : "bad-work-folder",
    });
    expect(existsSync(join(folders.dataFolder, "outside"))).toBe(true);
  });
});
