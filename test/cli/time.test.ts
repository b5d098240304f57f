import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runPython } from "../fixtures/python.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(() => instance.drop());

/** A clock that jumps with every look at it: an hour back, a year on, to the beginning of 1970. */
function jumpingClock(): () => Date {
  const hourMs = 3_600_000;
  const start = Date.parse("2026-03-29T00:59:59Z");
  const jumps = [0, -hourMs, 365 * 24 * hourMs, -start, 2 * hourMs];
  let looks = 0;
  return () => new Date(start + jumps[looks++ % jumps.length]!);
}

describe("years and clocks", () => {
  test.each([
    ["2040-01-02T03:04:06Z", "20400102-030406.ngwbackup", [2040, 1, 2, 3, 4, 6]],
    ["2107-12-31T23:59:58Z", "21071231-235958.ngwbackup", [2107, 12, 31, 23, 59, 58]],
    // The end of what a ZIP can say.
    ["2200-01-01T00:00:00Z", "22000101-000000.ngwbackup", [2107, 12, 31, 23, 59, 58]],
    ["1970-01-01T00:00:00Z", "19700101-000000.ngwbackup", [1980, 1, 1, 0, 0, 0]],
  ])("a backup at %s is named and readable", async (now, name, moment) => {
    const made = await runCli(["backup", ...instance.config, "--one-shot"], { now: new Date(now) });
    const path = join(instance.backupFolder, name);
    expect(made).toMatchObject({ exitCode: 0, stdout: `${path}\n` });
    expect(await runCli(["verify", path])).toMatchObject({ exitCode: 0 });
    const read = await runPython(
      "import sys, zipfile; print([list(i.date_time) for i in zipfile.ZipFile(sys.argv[1]).infolist()][0])",
      [path],
    );
    expect(JSON.parse(read.toString())).toEqual(moment);
    expect((await runCli(["list", instance.backupFolder])).stdout).toContain(name);
  });

  test("two backups within a second do not meet: the first stays, the second is refused", async () => {
    const folder = join(await tempFolder(), "archives");
    await mkdir(folder);
    const run = { now: new Date("2026-11-26T10:00:00.100Z") };
    const env = { NEXTGISWEB__CORE__BACKUP__PATH: folder };
    const first = await runCli(["backup", ...instance.config, "--one-shot"], { ...run, env });
    expect(first).toMatchObject({ exitCode: 0 });
    const bytes = readFileSync(first.stdout.trim());
    const second = await runCli(["backup", ...instance.config, "--one-shot"], { ...run, env });
    expect(second).toMatchObject({ exitCode: 4, stdout: "" });
    expect(second.stderr).toContain("exists already");
    expect(readFileSync(first.stdout.trim()).equals(bytes)).toBe(true);
    expect(readdirSync(folder)).toEqual(["20261126-100000.ngwbackup"]);
  });

  test("a clock that jumps harms neither backup, restore nor undo", async () => {
    const archive = join(await tempFolder(), "archive.ngwbackup");
    const clock = jumpingClock();
    expect(await runCli(["backup", ...instance.config, "--one-shot", archive], { clock })).toMatchObject({
      exitCode: 0,
    });
    expect(await runCli(["verify", archive], { clock })).toMatchObject({ exitCode: 0 });
    const expected = afterRestore(await instance.fingerprint());
    const target = await createTestInstance();
    try {
      await createInstance({
        settings: target.database.settings,
        sdir: target.sdir,
        scale: tinyScale,
        seed: "another",
      });
      const before = await target.fingerprint();
      const restored = await runCli(["restore", ...target.config, "--in-place", "--keep-previous", "0", archive], {
        clock,
      });
      expect(restored).toMatchObject({ exitCode: 0 });
      const found = await target.fingerprint();
      expect(differences({ ...expected, blobs: {}, fonts: {} }, { ...found, blobs: {}, fonts: {} })).toEqual([]);
      // By a clock in the past other files look newer than the restore, and so perhaps somebody's: they stay.
      expect(found.blobs).toMatchObject(expected.blobs);
      const old = Object.keys(found.blobs).filter((name) => !(name in expected.blobs));
      expect(Object.keys(before.blobs)).toEqual(expect.arrayContaining(old));
      expect(readdirSync(target.sdir)).not.toContain("ngwbackup");
    } finally {
      await target.drop();
    }
  });
});
