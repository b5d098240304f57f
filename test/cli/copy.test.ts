import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import { datedArchive } from "../fixtures/dated-archive.ts";
import { filesBelow, hasRclone, makeRemote } from "../fixtures/rclone.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { smallArchive } from "../fixtures/small-archive.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

/** An archive of several blocks. */
async function largeArchive(): Promise<Buffer> {
  return await datedArchive({
    excludedRows: Array.from({ length: 60_000 }, (_, index) => `${index} ${"x".repeat(index % 100)}`),
  });
}

describe("copy", () => {
  test("into a folder, to a name, and nothing is replaced unless that is wanted", async () => {
    const folder = await tempFolder();
    const from = join(folder, "a.ngwbackup");
    const bytes = await largeArchive();
    writeFileSync(from, bytes);
    mkdirSync(join(folder, "to"));
    const copied = join(folder, "to", "a.ngwbackup");
    expect(await runCli(["copy", from, join(folder, "to")])).toMatchObject({ exitCode: 0, stdout: `${copied}\n` });
    expect(readFileSync(copied).equals(bytes)).toBe(true);
    expect(statSync(copied).mode & 0o777).toBe(0o600);
    const refused = await runCli(["copy", from, copied]);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toContain(`${copied} exists already`);
    writeFileSync(from, await smallArchive());
    const json = await runCli(["copy", "--json", "--overwrite", "a.ngwbackup", "to/a.ngwbackup"], { cwd: folder });
    expect(JSON.parse(json.stdout.trimEnd().split("\n").at(-1) ?? "")).toEqual({
      type: "summary",
      command: "copy",
      from: "a.ngwbackup",
      path: copied,
      sizeBytes: statSync(from).size,
      sha256: createHash("sha256").update(readFileSync(from)).digest("hex"),
      verified: true,
    });
    expect(readFileSync(copied).equals(readFileSync(from))).toBe(true);
    expect(readdirSync(join(folder, "to"))).toEqual(["a.ngwbackup"]);
  });

  test("from stdin, and to stdout", async () => {
    const folder = await tempFolder();
    const bytes = await largeArchive();
    const path = join(folder, "b.ngwbackup");
    const stdin = (): Readable => Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]);
    expect(await runCli(["copy", "-", path], { stdin: stdin() })).toMatchObject({ exitCode: 0, stdout: `${path}\n` });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    const out = await runCli(["copy", path, "-"]);
    expect(out.exitCode).toBe(0);
    expect(out.stdoutBytes.equals(bytes)).toBe(true);
    expect((await runCli(["copy", "-", "-"], { stdin: stdin() })).stdoutBytes.equals(bytes)).toBe(true);
    for (const to of [folder, `${folder}/`, "rclone:test:"]) {
      const nameless = await runCli(["copy", "-", to], { stdin: stdin() });
      expect(nameless).toMatchObject({ exitCode: 2, stdout: "" });
      expect(nameless.stderr).toContain("the archive comes from the standard input");
    }
    expect((await runCli(["copy", "--json", path, "-"])).exitCode).toBe(2);
    expect(readdirSync(folder)).toEqual(["b.ngwbackup"]);
  });

  test("what is no sound archive is refused, and nothing is left, unless nobody is to look", async () => {
    const folder = await tempFolder();
    const from = join(folder, "cut.ngwbackup");
    const whole = await smallArchive();
    for (const bytes of [whole.subarray(0, -10), whole.subarray(1), Buffer.from("no archive"), Buffer.alloc(0)]) {
      writeFileSync(from, bytes);
      const refused = await runCli(["copy", from, join(folder, "to")]);
      expect(refused).toMatchObject({ exitCode: 5, stdout: "" });
      expect(readdirSync(folder)).toEqual(["cut.ngwbackup"]);
    }
    expect(await runCli(["copy", "--no-verify", from, join(folder, "to")])).toMatchObject({ exitCode: 0 });
    expect(statSync(join(folder, "to")).size).toBe(0);
  });

  test("one that is encrypted is copied as it is", async () => {
    const folder = await tempFolder();
    const from = join(folder, "a.ngwbackup.age");
    writeFileSync(from, "age-encryption.org/v1\n-> X25519 made up\nwhatever");
    mkdirSync(join(folder, "to"));
    expect(await runCli(["copy", from, join(folder, "to")])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, "to", "a.ngwbackup.age"))).toEqual(readFileSync(from));
  });

  test("what is not there, and what is a folder, is refused", async () => {
    const folder = await tempFolder();
    const missing = await runCli(["copy", join(folder, "none"), join(folder, "to")]);
    expect(missing).toMatchObject({ exitCode: 4, stdout: "" });
    expect(missing.stderr).toContain(`there is no archive ${folder}/none`);
    const isFolder = await runCli(["copy", folder, join(folder, "to")]);
    expect(isFolder.exitCode).toBe(2);
    expect(existsSync(join(folder, "to"))).toBe(false);
  });

  test("an interruption leaves nothing", async () => {
    const folder = await tempFolder();
    const controller = new AbortController();
    const bytes = await smallArchive();
    const stdin = Readable.from(
      (async function* chunks() {
        yield bytes.subarray(0, 100);
        controller.abort(new AppError("interrupted", "interrupted", {}, 130));
        yield bytes.subarray(100);
      })(),
    );
    const result = await runCli(["copy", "-", join(folder, "a")], { stdin, signal: controller.signal });
    expect(result).toMatchObject({ exitCode: 130, stdout: "" });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe.skipIf(!hasRclone())("copy, with rclone", () => {
  test("to a remote, between remotes, and back, and every command reads it there", async () => {
    const remote = await makeRemote("crypt");
    const folder = await tempFolder();
    const from = join(folder, "a.ngwbackup");
    writeFileSync(from, await largeArchive());
    const config = join(folder, "config.ini");
    writeFileSync(config, `[ngwbackup]\nrclone.config = ${remote.configPath}\n`);
    const run = (...args: string[]): ReturnType<typeof runCli> =>
      runCli([args[0] ?? "", "--config", config, ...args.slice(1)]);
    const url = `${remote.root}x/a.ngwbackup`;
    expect(await run("copy", from, `${remote.root}x/`)).toMatchObject({ exitCode: 0, stdout: `${url}\n` });
    expect(await run("copy", url, `${remote.root}b.ngwbackup`)).toMatchObject({ exitCode: 0 });
    expect(await run("copy", url, `${remote.root}b.ngwbackup`)).toMatchObject({ exitCode: 4 });
    expect(await run("copy", `${remote.root}b.ngwbackup`, join(folder, "c"))).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, "c")).equals(readFileSync(from))).toBe(true);
    expect((await run("list", `${remote.root}x`)).stdout).toContain(url);
    expect((await run("inspect", url)).stderr).toContain("toc.dat");
    expect(filesBelow(remote.folder)).toHaveLength(2);
  });

  test("a copy that does not read back as it was written is no copy", async () => {
    const remote = await makeRemote("alias");
    const folder = await tempFolder();
    const from = join(folder, "a.ngwbackup");
    writeFileSync(from, await smallArchive());
    // A bit of what is read is another, and size and all the rest are right.
    const program = join(folder, "rclone");
    const flip = "import sys; b = bytearray(sys.stdin.buffer.read()); b[60] ^= 1; sys.stdout.buffer.write(b)";
    writeFileSync(
      program,
      `#!/bin/sh\nif [ "$1" = cat ]; then rclone "$@" | python3 -c '${flip}'; else exec rclone "$@"; fi\n`,
    );
    chmodSync(program, 0o700);
    const config = join(folder, "config.ini");
    writeFileSync(config, `[ngwbackup]\nrclone.config = ${remote.configPath}\nrclone.path = ${program}\n`);
    const result = await runCli(["copy", "--config", config, from, remote.root]);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toMatch(
      /error: rclone:test:a\.ngwbackup does not read back as it was copied: expected sha256 /,
    );
    expect(filesBelow(remote.folder)).toEqual([]);
  });
});
