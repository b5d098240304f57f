import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { AppError } from "../../../src/errors.ts";
import type { Store } from "../../../src/stores/store.ts";
import { createRcloneStore } from "../../../src/stores/rclone/rclone-store.ts";
import { cleanEnvironment } from "../../fixtures/postgres.ts";
import {
  type RemoteType,
  type TestRemote,
  filesBelow,
  hasRclone,
  makeRemote,
  remoteTypes,
} from "../../fixtures/rclone.ts";
import { commandLinesWith, databaseSecret, mustShowNoSecret } from "../../fixtures/secret.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { get, listedNames, madeUpBytes, never, put, writeAll } from "../contract/contents.ts";

function storeOf({ root, configPath }: TestRemote, env: Record<string, string> = {}, path = "rclone"): Store {
  return createRcloneStore(
    root,
    { path, env: { ...cleanEnvironment(), RCLONE_CONFIG: configPath, ...env } },
    process.pid,
  );
}

describe.skipIf(!hasRclone())("rclone", () => {
  test.for(remoteTypes)(
    "%s: written, replaced, read, listed, removed, without its password being seen",
    async (type) => {
      const remote = await makeRemote(type);
      const store = storeOf(remote);
      const sink = await store.create("a.ngwbackup", { signal: never });
      await writeAll(sink, madeUpBytes(1_500_000));
      expect(commandLinesWith(databaseSecret)).toEqual([]);
      await sink.finish();
      await put(store, "a.ngwbackup", madeUpBytes(1_500_000, 2), true);
      expect((await get(store, "a.ngwbackup")).equals(madeUpBytes(1_500_000, 2))).toBe(true);
      expect(await listedNames(store)).toEqual(["a.ngwbackup"]);
      await store.remove("a.ngwbackup", never);
      expect(filesBelow(remote.folder)).toEqual([]);
    },
  );

  test("what rclone does not know is named, with a remedy", async () => {
    const { configPath } = await makeRemote("alias");
    const env = { ...cleanEnvironment(), RCLONE_CONFIG: configPath };
    const cases: [root: string, path: string, code: string][] = [
      ["rclone:nosuch:x", "rclone", "rclone-remote"],
      ["rclone:test:no/such", "rclone", "no-folder"],
      ["rclone:test:", "/no/such/rclone", "no-rclone"],
    ];
    for (const [root, path, code] of cases) {
      const store = createRcloneStore(root, { path, env }, process.pid);
      const error = await errorOf(() => listedNames(store));
      expect(error).toMatchObject({ code });
      expect(error.message).toContain(root);
    }
    for (const root of ["rclone:test,pass=x:", "rclone:test,a=b:c"]) {
      const error = await errorOf(async () => createRcloneStore(root, { path: "rclone", env }, process.pid));
      expect(error).toMatchObject({ code: "store-url", exitCode: 2 });
      expect(error.message).not.toContain(root);
    }
  });

  test.for(["webdav", "sftp"] as const satisfies RemoteType[])("%s: a wrong password is refused", async (type) => {
    const remote = await makeRemote(type);
    const other = await makeRemote("crypt", "another one");
    const pass = /^password = (.*)$/m.exec(readFileSync(other.configPath, "utf8"))?.[1] ?? "";
    writeFileSync(remote.configPath, readFileSync(remote.configPath, "utf8").replace(/^pass = .*$/m, `pass = ${pass}`));
    const store = storeOf(remote, { RCLONE_LOW_LEVEL_RETRIES: "1" });
    for (const call of [
      () => listedNames(store),
      () => store.open("a", never),
      () => store.create("a", { signal: never }),
      () => store.remove("a", never),
    ]) {
      const error = await errorOf(call);
      expect(error, call.toString()).toMatchObject({ code: "store-denied", exitCode: 4 });
      mustShowNoSecret("an error", JSON.stringify([error, error instanceof AppError && error.details]));
    }
  });

  test("a program that fails on the way ends the writing with what it said, and leaves nothing", async () => {
    const remote = await makeRemote("alias");
    const program = join(await tempFolder(), "rclone");
    writeFileSync(
      program,
      `#!/bin/sh\nif [ "$1" = rcat ]; then head -c 100000 >/dev/null; echo "2026/01/01 00:00:00 Failed to rcat: disk quota exceeded at https://u:${databaseSecret}@host/" >&2; exit 2; fi\nexec rclone "$@"\n`,
    );
    chmodSync(program, 0o700);
    const store = storeOf(remote, {}, program);
    const sink = await store.create("a", { signal: never });
    const error = await errorOf(async () => {
      await writeAll(sink, madeUpBytes(3_000_000));
      await sink.finish();
    });
    expect(error).toMatchObject({ code: "store-failed" });
    expect(error.message).toBe(`cannot write rclone:test:a: Failed to rcat: disk quota exceeded at https://...@host/`);
    await sink.abort();
    expect(filesBelow(remote.folder)).toEqual([]);
  });

  test("what fails for a moment is tried again", async () => {
    const remote = await makeRemote("alias");
    const folder = await tempFolder();
    const program = join(folder, "rclone");
    const script = `#!/bin/sh\nif [ ! -e ${folder}/$1 ]; then : >${folder}/$1; echo "dial tcp: connection refused" >&2; exit 1; fi\nexec rclone "$@"\n`;
    writeFileSync(program, script);
    chmodSync(program, 0o700);
    await put(storeOf(remote), "a", madeUpBytes(2_500_000));
    const store = storeOf(remote, {}, program);
    expect((await get(store, "a")).equals(madeUpBytes(2_500_000))).toBe(true);
    expect(filesBelow(folder).toSorted()).toEqual(["cat", "lsjson", "rclone"]);
  });

  test.for(["webdav", "sftp"] as const)(
    "%s: a server that goes away ends reading and writing with an error",
    async (type) => {
      const remote = await makeRemote(type);
      const store = storeOf(remote, { RCLONE_LOW_LEVEL_RETRIES: "1", RCLONE_RETRIES: "1", RCLONE_CONTIMEOUT: "2s" });
      await put(store, "a", madeUpBytes(3_000_000));
      const source = await store.open("a", never);
      await source.read(0, 1000);
      const sink = await store.create("b", { signal: never });
      await writeAll(sink, madeUpBytes(1_000_000));
      await remote.stop();
      const writing = await errorOf(async () => {
        await writeAll(sink, madeUpBytes(20_000_000));
        await sink.finish();
      });
      expect(writing).toMatchObject({ code: "store-failed", exitCode: 1 });
      expect(writing.message).toMatch(/^cannot write rclone:test:b: /);
      const reading = await errorOf(() => source.read(2_000_000, 100_000));
      expect(reading).toMatchObject({ code: "store-failed" });
      expect(reading.message).toMatch(/^cannot read rclone:test:a: /);
      for (const error of [writing, reading]) mustShowNoSecret("an error", JSON.stringify(error));
      // What is left there cannot be reached.
      await expect(sink.abort()).rejects.toMatchObject({ code: "store-failed" });
    },
  );

  test("what is stored shorter than it was written is no success", async () => {
    const remote = await makeRemote("alias");
    const program = join(await tempFolder(), "rclone");
    writeFileSync(
      program,
      `#!/bin/sh\nif [ "$1" = rcat ]; then head -c 1000000 | rclone "$@"; cat >/dev/null; exit 0; fi\nexec rclone "$@"\n`,
    );
    chmodSync(program, 0o700);
    const store = storeOf(remote, {}, program);
    const sink = await store.create("a", { signal: never });
    await writeAll(sink, madeUpBytes(1_200_000));
    onTestFinished(() => sink.abort());
    const error = await errorOf(() => sink.finish());
    expect(error.message).toMatch(/expected 1200000 bytes, found 1000000 bytes$/);
    await sink.abort();
    expect(filesBelow(remote.folder)).toEqual([]);
  });

  test("giving up ends, also when nothing can be removed any more", async () => {
    const remote = await makeRemote("alias");
    const program = join(await tempFolder(), "rclone");
    writeFileSync(program, `#!/bin/sh\nif [ "$1" = deletefile ]; then exec sleep 1000; fi\nexec rclone "$@"\n`);
    chmodSync(program, 0o700);
    const sink = await storeOf(remote, {}, program).create("a", { signal: never });
    const limit = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("too late")), 300);
      return controller.signal;
    });
    onTestFinished(() => limit.mockRestore());
    const error = await errorOf(() => sink.abort());
    expect(error).toMatchObject({ code: "store-failed" });
    expect(error.message).toBe("what was sent of rclone:test:a could not be removed in 30 s");
  });
});
