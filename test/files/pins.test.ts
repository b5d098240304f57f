import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { heldFileLimit } from "../../src/files/held-files.ts";
import { type BlobSource, type PinMakers, pinBlobs } from "../../src/files/pins.ts";
import { blobPath } from "../../src/files/storage-layout.ts";
import { BlobCrew } from "../../src/operations/backup/blob-threads/blob-crew.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let crew: BlobCrew;
beforeAll(() => {
  crew = new BlobCrew(2, false);
});
afterAll(() => crew.close());

const nameOf = (index: number) => ({
  component: "test",
  uuid: createHash("md5").update(String(index)).digest("hex"),
});
const contentOf = (index: number): string => `blob ${index}`;

async function storage(count: number) {
  const dataFolder = await tempFolder();
  const blobFolder = join(dataFolder, "file_storage");
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  for (const [index, name] of names.entries()) {
    const path = join(blobFolder, blobPath(name));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contentOf(index));
  }
  return { dataFolder, blobFolder, names };
}

type Stored = Awaited<ReturnType<typeof storage>>;

/** Pins in batches of seven, so that several are at work at once. */
async function pin({ dataFolder, blobFolder, names }: Stored, heldLimit: number, makers: PinMakers = crew) {
  async function* blobs() {
    for (let from = 0; from < names.length; from += 7) yield names.slice(from, from + 7);
  }
  const folders = { dataFolder, blobFolder, fontFolder: undefined, tileCacheFolder: undefined };
  const signal = new AbortController().signal;
  return await pinBlobs({ folders, runId: "test", pid: process.pid, blobs: blobs(), makers, heldLimit, signal });
}

const textOf = (source: BlobSource | undefined): string => {
  if (source === undefined) throw new Error("no source");
  if ("fd" in source) return readFileSync(source.fd, "utf8");
  return readFileSync("pin" in source ? source.pin : source.path, "utf8");
};
const openFiles = (): number => readdirSync("/proc/self/fd").length;

describe("blobs of a snapshot", () => {
  it("are held open: whatever is deleted, they can be read, and nothing stands on the disk", async () => {
    const stored = await storage(20);
    const before = openFiles();
    const pins = await pin(stored, 1000);
    expect(pins.unpinnedBecause).toBeUndefined();
    expect(openFiles()).toBe(before + 20);
    await rm(stored.blobFolder, { recursive: true });
    expect(textOf(pins.sourceOf(nameOf(3), 3))).toBe("blob 3");
    expect(textOf(pins.sourceOf(nameOf(19), 19))).toBe("blob 19");
    expect(readdirSync(stored.dataFolder)).toEqual([]);
    await pins.release();
    // Two were handed on, to be closed by who reads them.
    expect(openFiles()).toBe(before + 2);
  });

  it("are linked beyond what may be held open", async () => {
    const stored = await storage(20);
    const pins = await pin(stored, 10);
    await rm(stored.blobFolder, { recursive: true });
    const sources = stored.names.map((name, index) => pins.sourceOf(name, index));
    expect(sources.map((source) => "fd" in source!)).toEqual(stored.names.map((_, index) => index < 10));
    expect(sources.map((source) => textOf(source))).toEqual(stored.names.map((_, index) => contentOf(index)));
    expect(sources[15]).toHaveProperty("pin");
    await pins.release();
    expect(readdirSync(stored.dataFolder)).toEqual([]);
  });

  it("are linked when the system has no room for more open files than some", async () => {
    const stored = await storage(30);
    let room = 12;
    const makers: PinMakers = {
      link: crew.link,
      async hold(table, from, paths) {
        const some = paths.slice(0, room);
        room -= some.length;
        await crew.hold(table, from, some);
        return some.length === paths.length;
      },
    };
    const pins = await pin(stored, 1000, makers);
    await rm(stored.blobFolder, { recursive: true });
    const sources = stored.names.map((name, index) => pins.sourceOf(name, index));
    expect(sources.map((source) => textOf(source))).toEqual(stored.names.map((_, index) => contentOf(index)));
    expect(sources.filter((source) => "fd" in source!)).toHaveLength(12);
    await pins.release();
  });

  it("that are missing, or have no name of file storage, are left to the reader", async () => {
    const stored = await storage(4);
    await rm(join(stored.blobFolder, blobPath(nameOf(1))));
    stored.names[2] = { component: "..", uuid: "x" };
    for (const limit of [1000, 0]) {
      const pins = await pin(stored, limit);
      expect(pins.unpinnedBecause).toBeUndefined();
      const missing = pins.sourceOf(nameOf(1), 1);
      expect("path" in missing! && existsSync(missing.path)).toBe(false);
      expect(pins.sourceOf(stored.names[2], 2)).toBeUndefined();
      expect(textOf(pins.sourceOf(nameOf(3), 3))).toBe("blob 3");
      await pins.release();
    }
  });

  it("are read in place where links are not possible, and the reason is told", async () => {
    const stored = await storage(20);
    const refusing = (code: string): PinMakers => ({
      hold: crew.hold,
      link: async () => ({ code, message: `link: ${code}` }),
    });
    const before = openFiles();
    const pins = await pin(stored, 5, refusing("EPERM"));
    expect(pins.unpinnedBecause).toBe(`hard links are not possible in ${stored.blobFolder} (EPERM)`);
    expect(pins.sourceOf(nameOf(15), 15)).toEqual({ path: join(stored.blobFolder, blobPath(nameOf(15))) });
    expect(textOf(pins.sourceOf(nameOf(2), 2))).toBe("blob 2");
    await pins.release();
    expect(readdirSync(stored.dataFolder)).toEqual(["file_storage"]);
    // Anything else is no question of what the file system can do; nothing is kept then.
    await expect(pin(stored, 5, refusing("EIO"))).rejects.toThrow("link: EIO");
    expect(readdirSync(stored.dataFolder)).toEqual(["file_storage"]);
    // The one that was handed on is the reader's to close.
    expect(openFiles()).toBe(before + 1);
  });

  it("are read in place where there can be no folder for links", async () => {
    const stored = await storage(3);
    for (const place of ["ngwbackup", ".file_storage.ngwbackup"]) await writeFile(join(stored.dataFolder, place), "");
    await writeFile(join(stored.blobFolder, ".ngwbackup"), "");
    const pins = await pin(stored, 0);
    expect(pins.unpinnedBecause).toContain(`cannot make a work folder on the file system of ${stored.blobFolder}`);
    expect(textOf(pins.sourceOf(nameOf(1), 1))).toBe("blob 1");
    await pins.release();
  });
});

it("files may be held open on local file systems only", async () => {
  expect(await heldFileLimit(await tempFolder())).toBeGreaterThan(100);
  expect(await heldFileLimit("/proc")).toBe(0);
  expect(await heldFileLimit("/no/such/folder")).toBe(0);
});
