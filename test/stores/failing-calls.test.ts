import { closeSync, openSync, readFileSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { AppError } from "../../src/errors.ts";
import { createOpenFileSink, fileBehind } from "../../src/stores/open-file-sink.ts";
import { type CallKind, type Fault } from "../fixtures/failing-calls/call-plan.ts";
import { runWithFailingCall } from "../fixtures/failing-calls/run-script.ts";
import { mountSmallDisk } from "../fixtures/small-disk.ts";
import { errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const failing = (kind: CallKind, place: string, fault: Fault, nth = 1) => ({ call: { kind, place }, nth, fault });

const writeFile = (folder: string): string => `
  import { createFileSink } from "SRC/stores/file-sink.ts";
  const sink = await createFileSink("${folder}/a", { pid: process.pid });
  try { await sink.write(Buffer.from("whole")); await sink.finish(); console.log("done"); }
  catch (error) { await sink.abort(); console.log(error.code + ": " + error.message); }`;

describe("a file sink", () => {
  it("writes all of it when the system takes less at once", async () => {
    const folder = await tempFolder();
    const printed = await runWithFailingCall(
      writeFile(folder),
      { f: folder },
      failing("write", "f/.a.*.part", "short"),
    );
    expect(printed).toBe("done\n");
    expect(readFileSync(join(folder, "a"), "utf8")).toBe("whole");
  });

  it("leaves nothing when a sync fails, and names the file", async () => {
    const folder = await tempFolder();
    const printed = await runWithFailingCall(writeFile(folder), { f: folder }, failing("sync", "f/.a.*.part", "EIO"));
    expect(printed).toMatch(/^write-failed: cannot write .*\/a after 5 bytes: EIO/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is done when the file has its name, even if the other one cannot be removed", async () => {
    const folder = await tempFolder();
    const printed = await runWithFailingCall(writeFile(folder), { f: folder }, failing("remove", "f/.a.*.part", "EIO"));
    expect(printed).toBe("done\n");
    expect(readFileSync(join(folder, "a"), "utf8")).toBe("whole");
  });
});

describe("a spool", () => {
  it("leaves no name behind when it cannot be removed at the first try", async () => {
    const folder = await tempFolder();
    const printed = await runWithFailingCall(
      `import { Readable } from "node:stream";
       import { spoolToFile } from "SRC/stores/spool.ts";
       const { signal } = new AbortController();
       const source = await spoolToFile(Readable.from([Buffer.from("whole")]), "${folder}", { pid: process.pid, signal });
       console.log((await source.read(0, source.sizeBytes)).toString());
       await source.close();`,
      { f: folder },
      failing("remove", "f/.ngwbackup-spool-*", "EIO"),
    );
    expect(printed).toBe("whole\n");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a folder writer", () => {
  it("fails when the system tells at the end that an entry was not written", async () => {
    const folder = await tempFolder();
    const printed = await runWithFailingCall(
      `import { createFolderWriter } from "SRC/archive/folder-writer.ts";
       import { createFolderTarget } from "SRC/stores/folder-target.ts";
       const writer = createFolderWriter(await createFolderTarget("${folder}/a", { pid: process.pid }));
       try { await writer.addEntry("one", Buffer.from("1")); await writer.addEntry("two", Buffer.from("2")); await writer.finish(); console.log("done"); }
       catch (error) { await writer.abort(); console.log(error.code + ": " + error.message); }`,
      { f: folder },
      failing("close", "f/.a.*.part/one", "EIO"),
    );
    expect(printed).toMatch(/^write-failed: cannot write .*\/a\/? after 2 bytes: EIO/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a sink for a file that is open", () => {
  it("is for streams that go into files", async () => {
    const path = join(await tempFolder(), "a");
    const fd = openSync(path, "w");
    try {
      expect(fileBehind({ fd })).toBe(fd);
      expect(fileBehind(new PassThrough())).toBeUndefined();
      const sink = createOpenFileSink(fd, "stdout");
      await sink.write(Buffer.from("one "));
      await sink.write(Buffer.from("two"));
      await sink.finish();
    } finally {
      closeSync(fd);
    }
    expect(readFileSync(path, "utf8")).toBe("one two");
  });

  it("loses nothing of a chunk that the disk takes in part, and says so", async ({ skip }) => {
    const folder = join(await tempFolder(), "disk");
    await mkdir(folder);
    const disk = await mountSmallDisk(folder, { sizeBytes: 1024 * 1024 });
    if (disk === undefined) return skip("only root can mount a small file system");
    const fd = openSync(join(folder, "a"), "w");
    try {
      const sink = createOpenFileSink(fd, "stdout");
      await disk.leave({ bytes: 8192 });
      const error = await errorOf(() => sink.write(Buffer.alloc(20_000)));
      expect(error).toBeInstanceOf(AppError);
      expect(error.message).toBe(`no space left writing ${folder}/a: needed 11808 more bytes after 8192, 0 bytes free`);
    } finally {
      closeSync(fd);
      await disk.unmount();
    }
  });
});
