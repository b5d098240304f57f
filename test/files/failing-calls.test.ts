import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bringBackOldFiles, makeLiveFolders, putNewFiles } from "../../src/files/swap-files.ts";
import { type PlannedFile, type RestoreFiles, keptName, planNewFiles } from "../../src/files/restore-files.ts";
import { createWorkFolder, findWorkFolders } from "../../src/files/work-folder.ts";
import type { Fault } from "../fixtures/failing-calls/call-plan.ts";
import { runWithFailingCall } from "../fixtures/failing-calls/run-script.ts";
import { mountSmallDisk } from "../fixtures/small-disk.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ngwbackup-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const failing = (kind: "write" | "sync" | "write whole", place: string, fault: Fault, nth = 1) =>
  ({ call: { kind, place: `f/${place}` }, nth, fault }) as const;

describe("a file that is written whole", () => {
  const script = (text: string): string => `
    import { writeWhole } from "SRC/files/write-whole.ts";
    try { await writeWhole("${folder}/list", async (append) => { for (const part of ${text}) await append(part); }); console.log("done"); }
    catch (error) { console.log(error.code + ": " + error.message); }`;

  test("is whole although the system takes less than it was given", async () => {
    const printed = await runWithFailingCall(
      script(`["one two", " three"]`),
      { f: folder },
      failing("write", "list.part", "short"),
    );
    expect(printed).toBe("done\n");
    expect(readFileSync(join(folder, "list"), "utf8")).toBe("one two three");
  });

  test("stays as it was when it cannot be written, which says what is needed", async () => {
    writeFileSync(join(folder, "list"), "before");
    const target = failing("write whole", "list.part", "ENOSPC", 2);
    const printed = await runWithFailingCall(script(`["one", "two!"]`), { f: folder }, target);
    expect(printed).toMatch(
      /^no-space: no space left writing .*\/list: needed 4 more bytes after 3, \d+ bytes free\n$/,
    );
    expect(readFileSync(join(folder, "list"), "utf8")).toBe("before");
  });

  test("is not there before it is synced", async () => {
    const printed = await runWithFailingCall(script(`["one"]`), { f: folder }, failing("sync", "list.part", "EIO"));
    expect(printed).toMatch(/^EIO: EIO: .*sync '.*\/list\.part'\n$/);
    expect(existsSync(join(folder, "list"))).toBe(false);
  });
});

describe("a work folder", () => {
  const folders = () => ({
    dataFolder: folder,
    blobFolder: join(folder, "file_storage"),
    fontFolder: undefined,
    tileCacheFolder: undefined,
  });

  test("that cannot be marked with its owner leaves nothing", async () => {
    mkdirSync(join(folder, "file_storage"));
    const printed = await runWithFailingCall(
      `import { createWorkFolder } from "SRC/files/work-folder.ts";
       const made = await createWorkFolder(${JSON.stringify(folders())}, "restore", "aaaa", process.pid);
       console.log(made.path);`,
      { f: folder },
      failing("write whole", "ngwbackup/restore-*/owner.json", "ENOSPC"),
    );
    expect(readdirSync(folder).toSorted()).toEqual([".file_storage.ngwbackup", "file_storage"]);
    expect(printed).toBe(`${folder}/.file_storage.ngwbackup/restore-aaaa\n`);
  });

  test("whose owner cannot be read is not taken for a dead run's", async () => {
    mkdirSync(join(folder, "file_storage"));
    const work = await createWorkFolder(folders(), "restore", "aaaa", process.pid);
    rmSync(join(work.path, "owner.json"));
    mkdirSync(join(work.path, "owner.json"));
    await expect(findWorkFolders(folders())).rejects.toMatchObject({ code: "work-folder-unreadable" });
  });
});

describe("files on another disk than the work folder", () => {
  const font: PlannedFile = { area: "fonts", path: "a.ttf", number: 0 };

  test("are replaced, or as they were when that disk is full", async ({ skip }) => {
    const fonts = join(folder, "fonts");
    const disk = await mountSmallDisk(fonts, { sizeBytes: 1024 * 1024 });
    if (disk === undefined) return skip("only root can mount a small file system");
    try {
      writeFileSync(join(fonts, "a.ttf"), "old");
      mkdirSync(join(folder, "file_storage"));
      const work = await createWorkFolder(
        { dataFolder: folder, blobFolder: join(folder, "file_storage"), fontFolder: fonts, tileCacheFolder: undefined },
        "restore",
        "aaaa",
        process.pid,
      );
      const files: RestoreFiles = { work, areas: { fonts } };
      const content = "new".repeat(50_000);
      const staged = keptName(files, "new", font);
      mkdirSync(join(staged, ".."), { recursive: true });
      writeFileSync(staged, content);
      await planNewFiles(files, [font]);
      await disk.leave({ bytes: 50_000 });
      const full = /^no space left writing .*\/a\.ttf: needed 150000 more bytes after 0, \d+ bytes free$/;
      await expect(makeLiveFolders(files)).rejects.toThrow(full);
      expect(readdirSync(fonts)).toEqual(["a.ttf"]);
      // Also when nothing was made ready.
      await expect(putNewFiles(files)).rejects.toThrow(full);
      await disk.leave({ bytes: 0 });
      await bringBackOldFiles(files);
      expect(readdirSync(fonts)).toEqual(["a.ttf"]);
      expect(readFileSync(join(fonts, "a.ttf"), "utf8")).toBe("old");
      await disk.enlarge();
      await makeLiveFolders(files);
      await disk.leave({ bytes: 0 });
      await putNewFiles(files);
      expect(readdirSync(fonts)).toEqual(["a.ttf"]);
      await disk.enlarge();
      expect(readFileSync(join(fonts, "a.ttf"), "utf8")).toBe(content);
      await bringBackOldFiles(files);
      expect(readFileSync(join(fonts, "a.ttf"), "utf8")).toBe("old");
    } finally {
      await disk.unmount();
    }
  });

  test("are kept for an undo whole or not at all", async ({ skip }) => {
    const work = join(folder, "work");
    const disk = await mountSmallDisk(work, { sizeBytes: 1024 * 1024 });
    if (disk === undefined) return skip("only root can mount a small file system");
    try {
      const fonts = join(folder, "fonts");
      mkdirSync(fonts);
      const old = "old".repeat(50_000);
      writeFileSync(join(fonts, "a.ttf"), old);
      const files: RestoreFiles = {
        work: { kind: "restore", runId: "aaaa", path: work, alive: true },
        areas: { fonts },
      };
      const staged = keptName(files, "new", font);
      mkdirSync(join(staged, ".."), { recursive: true });
      writeFileSync(staged, "new");
      await planNewFiles(files, [font]);
      await disk.leave({ bytes: 50_000 });
      await expect(putNewFiles(files)).rejects.toThrow("no space left");
      // Half a copy of it would be put in its place now.
      await bringBackOldFiles(files);
      expect(readFileSync(join(fonts, "a.ttf"), "utf8")).toBe(old);
    } finally {
      await disk.unmount();
    }
  });
});
