import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeOwner } from "../../src/run-owner.ts";
import { lockFolder } from "../../src/stores/folder-lock.ts";
import { ownedTemporaryName } from "../../src/stores/temporary-names.ts";
import { errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const now = new Date();
const options = { word: "prune", pid: process.pid, now };

test("one holds it at a time, and leaves nothing", async () => {
  const folder = await tempFolder();
  const lock = await lockFolder(folder, options);
  const error = await errorOf(() => lockFolder(folder, options));
  expect(error).toMatchObject({ code: "busy", exitCode: 6, details: [`pid ${process.pid} on this machine`] });
  expect(error.message).toBe(`another prune of ${folder} is at work`);
  // Another word is another lock.
  await (await lockFolder(folder, { ...options, word: "other" })).release();
  await lock.release();
  await (await lockFolder(folder, options)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("of many that want it at once no two get it", async () => {
  const folder = await tempFolder();
  let holding = 0;
  const ends = await Promise.allSettled(
    Array.from({ length: 10 }, async () => {
      const lock = await lockFolder(folder, options);
      holding += 1;
      expect(holding).toBe(1);
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
      holding -= 1;
      await lock.release();
    }),
  );
  for (const end of ends) if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "busy" });
  expect(readdirSync(folder)).toEqual([]);
});

test("one of a process that has ended does not count", async () => {
  const folder = await tempFolder();
  const dead = { ...(await describeOwner(process.pid)), startTicks: "1" };
  writeFileSync(join(folder, ownedTemporaryName("prune-lock", dead)), "");
  await (await lockFolder(folder, options)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("one of another machine counts for two days", async () => {
  const folder = await tempFolder();
  const here = ownedTemporaryName("prune-lock", { ...(await describeOwner(process.pid)), startTicks: "1" });
  const path = join(folder, here.replace(/-[0-9a-f]{8}-([0-9a-f]{8}\.part)$/, "-00000000-$1"));
  writeFileSync(path, "");
  const error = await errorOf(() => lockFolder(folder, options));
  expect(error).toMatchObject({ code: "busy", details: [`pid ${process.pid} on another machine`] });
  expect(error).toMatchObject({ hints: [expect.anything(), `if there is none: rm ${path}`] });
  const longAgo = new Date(now.getTime() - 3 * 86_400_000);
  utimesSync(path, longAgo, longAgo);
  await (await lockFolder(folder, options)).release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder that is not there, or that cannot be written to, is named", async () => {
  const folder = join(await tempFolder(), "gone");
  mkdirSync(folder);
  rmSync(folder, { recursive: true });
  expect(await errorOf(() => lockFolder(folder, options))).toMatchObject({ code: "no-folder", exitCode: 4 });
  expect((await errorOf(() => lockFolder("/proc", options))).message).toContain("/proc/.prune-lock");
});
