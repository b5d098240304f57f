import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { startUpload } from "../../../src/stores/rclone/rcat.ts";
import { cleanEnvironment } from "../../fixtures/postgres.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { never } from "../contract/contents.ts";

/** A program in rclone's place. */
async function rcloneThat(script: string): Promise<{ path: string; env: Record<string, string | undefined> }> {
  const path = join(await tempFolder(), "rclone");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o700);
  return { path, env: cleanEnvironment() };
}

/** Bytes of the heap after everything that nobody holds is gone. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

test("an upload keeps nothing of what it has sent", async () => {
  const upload = await startUpload(await rcloneThat("exec cat >/dev/null"), "x:y", { doing: "write", signal: never });
  onTestFinished(() => upload.stop());
  const chunk = Buffer.alloc(64);
  const write = async (times: number): Promise<void> => {
    for (let turn = 0; turn < times; turn += 1) await upload.write(chunk);
  };
  await write(1000);
  const before = heldBytes();
  await write(50_000);
  expect(heldBytes() - before).toBeLessThan(8_000_000);
  await upload.end();
});

test("writing to a program that has ended fails with what it said", async () => {
  const rclone = await rcloneThat("echo quota exceeded >&2; exit 1");
  const upload = await startUpload(rclone, "x:y", { doing: "write x", signal: never });
  const error = await errorOf(async () => {
    for (;;) await upload.write(Buffer.alloc(100_000));
  });
  expect(error.message).toBe("cannot write x: quota exceeded");
  expect((await errorOf(() => upload.write(Buffer.alloc(1)))).message).toBe("cannot write x: quota exceeded");
});
