import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFolderArchive } from "../../src/archive/folder-reader.ts";
import { createFolderWriter } from "../../src/archive/folder-writer.ts";
import { readManifest } from "../../src/archive/manifest.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { DamagedError, RefusedError } from "../../src/errors.ts";
import { createFolderTarget } from "../../src/stores/folder-target.ts";
import { createMemorySource } from "../fixtures/memory-bytes.ts";
import { mustSucceed } from "../fixtures/python.ts";
import { smallArchive, writeSmallArchive } from "../fixtures/small-archive.ts";
import { collect, errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

async function smallFolder(): Promise<string> {
  const path = join(await tempFolder(), "archive");
  await writeSmallArchive(createFolderWriter(await createFolderTarget(path, { pid: process.pid })));
  return path;
}

describe("an archive that is a folder", () => {
  it("holds the same as the ZIP", async () => {
    const path = await smallFolder();
    const folder = await openFolderArchive(path);
    const zip = await openZipArchive(createMemorySource(await smallArchive()));
    expect([...folder.entries.keys()].toSorted()).toEqual([...zip.entries.keys()].toSorted());
    for (const [name, entry] of folder.entries) {
      if (entry.isDirectory || name === "manifest.jsonl") continue;
      expect((await collect(folder.read(name))).equals(await collect(zip.read(name))), name).toBe(true);
      expect(entry).toMatchObject({ method: "stored", crc32: undefined });
    }
    const manifest = await readManifest(folder);
    expect([...(manifest?.entries.keys() ?? [])]).toEqual([...((await readManifest(zip))?.entries.keys() ?? [])]);
    expect((await folder.readRange("postgres/4711.dat", 2, 3)).toString()).toBe("one");
    await expect(folder.readRange("postgres/4711.dat", 2, 300)).rejects.toThrow("range is not inside the entry");
    await folder.close();
  });

  it("is private, can be checked without us, and leaves nothing beside it", async () => {
    const path = await smallFolder();
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, "postgres"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, "postgres/toc.dat"))).mode & 0o777).toBe(0o600);
    expect((await mustSucceed("sha256sum", ["-c", "manifest.sha256"], { cwd: path })).toString()).toContain("OK");
    expect(await readdir(join(path, ".."))).toEqual(["archive"]);
  });

  it("does not replace what is there, unless told to", async () => {
    const path = await smallFolder();
    const again = createFolderTarget(path, { pid: process.pid });
    await expect(again).rejects.toThrow(RefusedError);
    await writeFile(join(path, "old"), "x");
    await writeSmallArchive(createFolderWriter(await createFolderTarget(path, { pid: process.pid, overwrite: true })));
    expect(await readdir(path)).not.toContain("old");
    expect(await readdir(join(path, ".."))).toEqual(["archive"]);
    // Made by someone else in the meantime, even if it is empty.
    const other = join(path, "../other");
    const late = createFolderWriter(await createFolderTarget(other, { pid: process.pid }));
    await mkdir(other);
    await expect(writeSmallArchive(late)).rejects.toThrow("exists already");
    await late.abort();
    expect((await readdir(join(path, ".."))).toSorted()).toEqual(["archive", "other"]);
  });

  it("is gone after an abort, and when what is written cannot be read back", async () => {
    const parent = await tempFolder();
    const writer = createFolderWriter(await createFolderTarget(join(parent, "a"), { pid: process.pid }));
    const open = await writer.openEntry("postgres/toc.dat");
    await open.write(Buffer.from("x"));
    await writer.abort();
    await writer.abort();
    const beforePublish = async (): Promise<void> => {
      throw new Error("not read back");
    };
    const checked = createFolderWriter(
      await createFolderTarget(join(parent, "b"), { pid: process.pid, beforePublish }),
    );
    await expect(writeSmallArchive(checked)).rejects.toThrow("not read back");
    await checked.abort();
    expect(await readdir(parent)).toEqual([]);
  });

  it("refuses links and other things that are no files", async () => {
    for (const make of [
      (path: string) => symlink("/etc/passwd", join(path, "postgres/link")),
      (path: string) => symlink("/etc", join(path, "component/link")),
      (path: string) => mustSucceed("mkfifo", [join(path, "component/pipe")]),
    ]) {
      const path = await smallFolder();
      await make(path);
      const error = await errorOf(() => openFolderArchive(path));
      expect(error).toBeInstanceOf(DamagedError);
      expect(error.message).toMatch(/expected a file or a folder, found (a symbolic link|something else)/);
    }
  });

  it("refuses a digest that is not byte for byte as it was written", async () => {
    const path = await smallFolder();
    const digestPath = join(path, "manifest.sha256");
    const line = await readFile(digestPath, "utf8");
    await openFolderArchive(path);
    for (const changed of [line.slice(0, -1), line.replace("\n", "\r\n"), line.replace("  ", " *"), `${line}\n`]) {
      await writeFile(digestPath, changed);
      await expect(openFolderArchive(path)).rejects.toThrow("entry manifest.sha256: no digest of the manifest");
    }
  });

  it("refuses names that mean another thing elsewhere", async () => {
    for (const name of ["a\\b", "a\nb", "C:x"]) {
      const path = await smallFolder();
      await writeFile(join(path, name), "x");
      await expect(openFolderArchive(path)).rejects.toThrow(/unacceptable entry: expected a good name, found a/);
    }
    const path = await smallFolder();
    await writeFile(join(path, "POSTGRES"), "x");
    await expect(openFolderArchive(path)).rejects.toThrow("duplicate entry");
  });

  it("finds what changed since it was opened, and what its digest does not fit", async () => {
    const path = await smallFolder();
    const reader = await openFolderArchive(path);
    await truncate(join(path, "postgres/toc.dat"), 3);
    await expect(reader.readAll("postgres/toc.dat", 100)).rejects.toThrow("file changed: expected 12 bytes");
    await rm(join(path, "postgres/4711.dat"));
    await symlink("/etc/passwd", join(path, "postgres/4711.dat"));
    await expect(reader.readAll("postgres/4711.dat", 100)).rejects.toThrow("cannot read");
    const manifest = await readFile(join(path, "manifest.jsonl"), "utf8");
    await writeFile(join(path, "manifest.jsonl"), manifest.replace('"5.5.0"', '"5.5.1"'));
    await rm(join(path, "postgres/4711.dat"));
    await expect(readManifest(await openFolderArchive(path))).rejects.toThrow("sha256 of the manifest differs");
    await writeFile(join(path, "manifest.sha256"), "nonsense");
    await expect(openFolderArchive(path)).rejects.toThrow("no digest of the manifest");
  });

  it("names what is missing, or no folder", async () => {
    const parent = await mkdtemp(join(await tempFolder(), "x"));
    await expect(openFolderArchive(join(parent, "none"))).rejects.toThrow(RefusedError);
    await writeFile(join(parent, "file"), "x");
    await expect(openFolderArchive(join(parent, "file"))).rejects.toThrow(RefusedError);
  });
});
