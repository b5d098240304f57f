import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { createTestInstance } from "../fixtures/test-instance.ts";

test("encrypted archives are pruned like others where the key is, by their names where it is not, and that only when asked", async () => {
  const instance = await createTestInstance();
  try {
    await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
    const key = join(instance.folder, "key.txt");
    const recipient = (await runCli(["keygen", "-o", key])).stderr.trim().replace("Public key: ", "");
    for (const hour of [1, 2, 3]) {
      const now = new Date(Date.UTC(2026, 0, 1, hour));
      const result = await runCli(["backup", ...instance.config, "--recipient", recipient], { now });
      expect(result).toMatchObject({ exitCode: 0 });
      // Names count, not times of files.
      utimesSync(result.stdout.trim(), new Date(0), new Date(9000 - hour));
    }
    const left = (): string[] =>
      readdirSync(instance.backupFolder)
        .map((name) => name.slice(9, 11))
        .toSorted();
    const prune = async (...args: string[]): Promise<string> => {
      const result = await runCli(["prune", ...instance.config, ...args]);
      expect(result.exitCode).toBe(0);
      return result.stdout;
    };
    expect(await prune("--keep-last", "1")).toContain("encrypted, and no key is at hand");
    expect(left()).toEqual(["01", "02", "03"]);
    await prune("--keep-last", "2", "--include-encrypted");
    expect(left()).toEqual(["02", "03"]);
    const withKey = join(instance.folder, "key.ini");
    writeFileSync(withKey, `[ngwbackup]\ndecrypt.identity = ${key}\n`);
    expect(await prune("--config", withKey, "--keep-last", "1", "--dry-run")).toContain("last snapshot");
    expect(await prune("--identity", key, "--keep-last", "1")).toContain("last snapshot");
    expect(left()).toEqual(["03"]);
    const other = join(instance.folder, "other.txt");
    await runCli(["keygen", "-o", other]);
    expect(await prune("--identity", other, "--keep-last", "1")).toContain("encrypted, and no key is at hand");
  } finally {
    await instance.drop();
  }
});

test("a signed folder is pruned as one that is not", async () => {
  const instance = await createTestInstance();
  try {
    await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
    const key = join(instance.folder, "sign.txt");
    expect(await runCli(["keygen", "--signer", "-o", key])).toMatchObject({ exitCode: 0 });
    const folder = join(instance.folder, "signed");
    mkdirSync(folder);
    for (const name of ["a", "b"]) {
      const args = ["backup", ...instance.config, "--no-zip", "--sign-key", key, join(folder, name)];
      expect(await runCli(args)).toMatchObject({ exitCode: 0 });
    }
    expect(await runCli(["prune", ...instance.config, "--keep-last", "1", folder])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder)).toEqual(["b"]);
  } finally {
    await instance.drop();
  }
});
