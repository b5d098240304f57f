import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { createTestInstance } from "../fixtures/test-instance.ts";

test("the bases of an incremental archive stay with it, and go after it", async () => {
  const instance = await createTestInstance();
  try {
    await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
    const backup = async (hour: number, ...args: string[]): Promise<void> => {
      const now = new Date(Date.UTC(2026, 0, 1, hour));
      expect(await runCli(["backup", ...instance.config, ...args], { now })).toMatchObject({ exitCode: 0 });
    };
    const left = (): string[] =>
      readdirSync(instance.backupFolder)
        .map((name) => name.slice(9, 11))
        .toSorted();
    const prune = async (count: number): Promise<string> => {
      const result = await runCli(["prune", ...instance.config, "--keep-last", String(count)]);
      expect(result.exitCode).toBe(0);
      return result.stdout;
    };
    await backup(1);
    await backup(2);
    await backup(3, "--base", join(instance.backupFolder, "20260101-020000.ngwbackup"));
    await backup(4, "--base", "latest");
    expect(await prune(1)).toMatch(/keep .* base of 20260101-040000\.ngwbackup.* \S+20260101-020000/);
    expect(left()).toContain("04");
    expect(left()).toContain("02");
    expect(left()).not.toContain("01");
    expect(await runCli(["verify", join(instance.backupFolder, "20260101-040000.ngwbackup")])).toMatchObject({
      exitCode: 0,
    });
    await backup(5);
    await prune(1);
    expect(left()).toEqual(["05"]);
    // One whose base is not here counts for nothing, and stays.
    await backup(6, "--base", "latest");
    renameSync(join(instance.backupFolder, "20260101-050000.ngwbackup"), join(instance.folder, "base.ngwbackup"));
    await backup(7);
    await backup(8);
    expect(await prune(1)).toContain("its base is missing or damaged");
    expect(left()).toEqual(["06", "08"]);
  } finally {
    await instance.drop();
  }
});
