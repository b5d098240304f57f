import { spawn } from "node:child_process";
import { chmod, link, mkdir, readFile, readdir, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { AppError, DamagedError, RefusedError } from "../../src/errors.ts";
import { describeOwner } from "../../src/run-owner.ts";
import { clearDeadTemporaries } from "../../src/stores/dead-temporaries.ts";
import { createFileSink } from "../../src/stores/file-sink.ts";
import { openFileSource } from "../../src/stores/file-source.ts";
import { spoolToFile } from "../../src/stores/spool.ts";
import { createStreamSink } from "../../src/stores/stream-sink.ts";
import { ownedTemporaryName } from "../../src/stores/temporary-names.ts";
import { mustSucceed } from "../fixtures/python.ts";
import { errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const { pid } = process;
const isRoot = process.getuid?.() === 0;
const never = new AbortController().signal;

describe("a file sink", () => {
  it("shows the file only when it is complete, private and whole", async () => {
    const folder = await tempFolder();
    const path = join(folder, "a.ngwbackup");
    let seen: string[] = [];
    const beforePublish = async (temporary: string): Promise<void> => {
      seen = await readdir(folder);
      expect(await readFile(temporary, "utf8")).toBe("one two");
    };
    const sink = await createFileSink(path, { pid, beforePublish });
    const chunk = Buffer.from("one ");
    await sink.write(chunk);
    chunk.fill(0);
    await sink.write(Buffer.from("two"));
    expect(await readdir(folder)).toHaveLength(1);
    await sink.finish();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(/^\.a\.ngwbackup\.ngwbackup-\d+-/);
    expect(await readdir(folder)).toEqual(["a.ngwbackup"]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(path)).nlink).toBe(1);
    await sink.abort();
    expect(await readdir(folder)).toEqual(["a.ngwbackup"]);
  });

  it("never replaces what is there: not before, not meanwhile", async () => {
    const folder = await tempFolder();
    const path = join(folder, "a");
    const sink = await createFileSink(path, { pid });
    await sink.write(Buffer.from("new"));
    await writeFile(path, "someone else's");
    const error = await errorOf(() => sink.finish());
    expect(error).toMatchObject({ code: "target-exists", exitCode: 4, message: `${path} exists already` });
    await sink.abort();
    expect(await readFile(path, "utf8")).toBe("someone else's");
    expect(await readdir(folder)).toEqual(["a"]);
    await expect(createFileSink(path, { pid })).rejects.toMatchObject({ code: "target-exists" });
    const link_ = join(folder, "dangling");
    await symlink("nowhere", link_);
    await expect(createFileSink(link_, { pid })).rejects.toMatchObject({ code: "target-exists" });
  });

  it("replaces a file when told to, but nothing that is no file", async () => {
    const folder = await tempFolder();
    const path = join(folder, "a");
    await writeFile(path, "old");
    const sink = await createFileSink(path, { pid, overwrite: true });
    await sink.write(Buffer.from("new"));
    expect(await readFile(path, "utf8")).toBe("old");
    await sink.finish();
    expect(await readFile(path, "utf8")).toBe("new");
    await mkdir(join(folder, "dir"));
    const onFolder = createFileSink(join(folder, "dir"), { pid, overwrite: true });
    await expect(onFolder).rejects.toMatchObject({ code: "target-unfit", exitCode: 4 });
  });

  it("says what is wrong with the folder", async () => {
    const folder = await tempFolder();
    await expect(createFileSink(join(folder, "none/a"), { pid })).rejects.toThrow(`there is no folder ${folder}/none`);
    await writeFile(join(folder, "file"), "x");
    await expect(createFileSink(join(folder, "file/a"), { pid })).rejects.toThrow(`${folder}/file is not a folder`);
    if (isRoot) return;
    await chmod(folder, 0o500);
    await expect(createFileSink(join(folder, "a"), { pid })).rejects.toThrow("no permission to write");
    await chmod(folder, 0o700);
  });

  it("takes the longest of names", async () => {
    const folder = await tempFolder();
    const name = "ы".repeat(127);
    const sink = await createFileSink(join(folder, name), { pid });
    await sink.finish();
    expect(await readdir(folder)).toEqual([name]);
  });

  it("names path and bytes when there is no space left", async ({ skip }) => {
    const prepared = await tinyFileSystem();
    if (prepared === undefined) return skip("only root can mount a small file system");
    const path = join(prepared.folder, "a");
    try {
      const sink = await createFileSink(path, { pid });
      const error = await errorOf(async () => {
        for (;;) await sink.write(Buffer.alloc(300_000));
      });
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: "no-space" });
      expect(error.message).toMatch(/^no space left writing .*\/a: needed \d+ more bytes after \d+, \d+ bytes free$/);
      await sink.abort();
      expect(await readdir(prepared.folder)).toEqual([]);
      const input = Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(300_000)));
      const spooling = spoolToFile(input, prepared.folder, { pid, signal: never });
      await expect(spooling).rejects.toMatchObject({ code: "spool-no-space", exitCode: 4 });
      expect(await readdir(prepared.folder)).toEqual([]);
    } finally {
      await prepared.unmount();
    }
  });
});

/** A file system of 1 MiB, where root may mount one. */
async function tinyFileSystem(): Promise<{ folder: string; unmount(): Promise<void> } | undefined> {
  const folder = await tempFolder();
  try {
    await mustSucceed("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  } catch {
    return undefined;
  }
  return {
    folder,
    async unmount() {
      await mustSucceed("umount", [folder]);
    },
  };
}

describe("temporaries of dead runs", () => {
  it("go; those of live runs, of other hosts and of others stay", async () => {
    const folder = await tempFolder();
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 100000)"], { stdio: "ignore" });
    const ours = await describeOwner(pid);
    const alive = await describeOwner(child.pid ?? 0);
    const otherBoot = { ...ours, bootId: "00000000-0000-0000-0000-000000000000" };
    const reused = { ...ours, startTicks: "1" };
    const foreign = (name: string): string => name.replace(/-[0-9a-f]{8}-([0-9a-f]{8}\.part)$/, "-00000000-$1");
    const names = {
      mine: ownedTemporaryName("mine", ours),
      alive: ownedTemporaryName("alive", alive),
      otherBoot: ownedTemporaryName("other boot", otherBoot),
      reused: ownedTemporaryName("reused", reused),
      foreignNew: foreign(ownedTemporaryName("foreign new", otherBoot)),
      foreignOld: foreign(ownedTemporaryName("foreign old", otherBoot)),
      unrelated: ".hidden.tmp",
    };
    for (const name of Object.values(names)) await writeFile(join(folder, name), "x");
    const deadFolder = ownedTemporaryName("folder", reused);
    await mkdir(join(folder, deadFolder, "postgres"), { recursive: true });
    const longAgo = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000);
    await utimes(join(folder, names.foreignOld), longAgo, longAgo);
    const removed = await clearDeadTemporaries(folder, { pid, now: new Date() });
    const expected = [names.otherBoot, names.reused, names.foreignOld, deadFolder].map((name) => join(folder, name));
    expect(removed.toSorted()).toEqual(expected.toSorted());
    const left = await readdir(folder);
    expect(left.toSorted()).toEqual([names.mine, names.alive, names.foreignNew, names.unrelated].toSorted());
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(await clearDeadTemporaries(folder, { pid, now: new Date() })).toEqual([join(folder, names.alive)]);
    expect(hostname()).not.toBe("");
  });

  it("are none in a folder that is not there", async () => {
    expect(await clearDeadTemporaries("/nowhere/at/all", { pid, now: new Date() })).toEqual([]);
  });
});

describe("a stream sink", () => {
  it("waits for a slow reader, and leaves the stream open", async () => {
    const seen: Buffer[] = [];
    let waiting = 0;
    let most = 0;
    const stream = new Writable({
      highWaterMark: 10,
      write(chunk, _encoding, callback) {
        most = Math.max(most, ++waiting);
        setImmediate(() => {
          seen.push(Buffer.from(chunk as Buffer));
          waiting--;
          callback();
        });
      },
    });
    const sink = createStreamSink(stream, "stdout");
    const chunk = Buffer.alloc(100);
    for (let turn = 0; turn < 10; turn++) {
      chunk.fill(turn);
      await sink.write(chunk);
    }
    await sink.finish();
    expect(most).toBe(1);
    expect(Buffer.concat(seen)).toEqual(
      Buffer.concat(Array.from({ length: 10 }, (_, turn) => Buffer.alloc(100, turn))),
    );
    expect(stream.writableEnded).toBe(false);
  });

  it("names a reader that went away", async () => {
    const script = `
      import { createStreamSink } from ${JSON.stringify(join(import.meta.dirname, "../../src/stores/stream-sink.ts"))};
      const sink = createStreamSink(process.stdout, "stdout");
      try { for (;;) await sink.write(Buffer.alloc(100000)); }
      catch (error) { process.stderr.write(error.code + ": " + error.message); process.exitCode = 1; }`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.once("data", () => child.stdout.destroy());
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    const exitCode = await new Promise((resolve) => child.once("close", resolve));
    expect(stderr).toMatch(/^output-closed: the reader of stdout went away after \d+ bytes$/);
    expect(exitCode).toBe(1);
    const gone = new PassThrough();
    const sink = createStreamSink(gone, "stdout");
    gone.destroy();
    await expect(sink.write(Buffer.from("x"))).rejects.toMatchObject({ code: "output-closed" });
    await sink.abort();
  });

  it("passes on another failure", async () => {
    const stream = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error("device on fire")) });
    const sink = createStreamSink(stream, "stdout");
    await expect(sink.write(Buffer.from("x"))).rejects.toThrow("cannot write to stdout after 0 bytes: device on fire");
    await expect(sink.finish()).rejects.toThrow("device on fire");
  });
});

describe("a file source", () => {
  it("reads any range, and several at once", async () => {
    const path = join(await tempFolder(), "a");
    await writeFile(path, "0123456789");
    const source = await openFileSource(path);
    expect(source).toMatchObject({ sizeBytes: 10, label: path });
    const ranges = await Promise.all([source.read(0, 10), source.read(9, 1), source.read(3, 0), source.read(2, 3)]);
    expect(ranges.map(String)).toEqual(["0123456789", "9", "", "234"]);
    await expect(source.read(9, 2)).rejects.toThrow(RangeError);
    await truncate(path, 5);
    const error = await errorOf(() => source.read(3, 4));
    expect(error).toBeInstanceOf(DamagedError);
    expect(error.message).toContain("shrank while it was read: expected 10 bytes, found its end at 5");
    await source.close();
  });

  it("says what is wrong", async () => {
    const folder = await tempFolder();
    await expect(openFileSource(join(folder, "none"))).rejects.toThrow(`there is no archive ${folder}/none`);
    await expect(openFileSource(folder)).rejects.toMatchObject({ code: "archive-not-a-file", exitCode: 4 });
    await mustSucceed("mkfifo", [join(folder, "pipe")]);
    await expect(openFileSource(join(folder, "pipe"))).rejects.toThrow("is no regular file");
    if (isRoot) return;
    await writeFile(join(folder, "secret"), "x", { mode: 0 });
    const error = await errorOf(() => openFileSource(join(folder, "secret")));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.message).toContain("no permission to read it");
  });
});

describe("the spool", () => {
  it("gives random access to a stream, in a file without a name", async () => {
    const folder = await tempFolder();
    const chunks = Array.from({ length: 300 }, (_, index) => Buffer.alloc(10_001, index));
    let told = 0;
    const source = await spoolToFile(Readable.from(chunks), folder, {
      pid,
      signal: never,
      onBytes: (bytes) => (told += bytes),
    });
    const expected = Buffer.concat(chunks);
    expect(source).toMatchObject({ label: "stdin", sizeBytes: expected.length });
    expect(told).toBe(expected.length);
    expect(await readdir(folder)).toEqual([]);
    expect((await source.read(0, expected.length)).equals(expected)).toBe(true);
    expect((await source.read(2_000_000, 5)).equals(expected.subarray(2_000_000, 2_000_005))).toBe(true);
    await source.close();
  });

  it("leaves nothing when it is aborted, when the stream breaks, or when there is no folder", async () => {
    const folder = await tempFolder();
    const controller = new AbortController();
    const endless = new PassThrough();
    endless.write("some");
    const spooling = spoolToFile(endless, folder, { pid, signal: controller.signal });
    setTimeout(() => controller.abort(new AppError("interrupted", "interrupted")), 20);
    await expect(spooling).rejects.toMatchObject({ code: "interrupted" });
    async function* breaking(): AsyncGenerator<Buffer> {
      yield Buffer.from("some");
      throw new Error("connection reset");
    }
    const broken = spoolToFile(Readable.from(breaking()), folder, { pid, signal: never });
    await expect(broken).rejects.toThrow("cannot read stdin: connection reset");
    expect(await readdir(folder)).toEqual([]);
    const nowhere = spoolToFile(Readable.from([]), join(folder, "none"), { pid, signal: never });
    await expect(nowhere).rejects.toThrow("there is no folder");
  });
});

it("hard links to an archive are no trouble", async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, "a"), "x");
  await link(join(folder, "a"), join(folder, "b"));
  const sink = await createFileSink(join(folder, "b"), { pid, overwrite: true });
  await sink.write(Buffer.from("new"));
  await sink.finish();
  expect(await readFile(join(folder, "a"), "utf8")).toBe("x");
});
