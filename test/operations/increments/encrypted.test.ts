import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fingerprint } from "../../../src/demo/fingerprint.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { addBlob, realDifferences, sql } from "./changes.ts";

let instance: TestInstance;
let identity: string;
let recipient: string;
/** The backup host's configuration: it encrypts for the owner, and has no private key. */
let config: readonly string[];
let statePath: string;
const paths: string[] = [];
const held: Fingerprint[] = [];

const backup = async (...args: string[]) => await runCli(["backup", ...config, "--one-shot", ...args]);

beforeAll(async () => {
  instance = await createTestInstance();
  mkdirSync(instance.backupFolder);
  statePath = join(instance.folder, "state");
  identity = join(instance.folder, "key.txt");
  const made = await runCli(["keygen", "-o", identity]);
  recipient = made.stderr.trim().replace("Public key: ", "");
  const configPath = join(instance.folder, "host.ini");
  const lines = ["[ngwbackup]", `encrypt.recipients = ${recipient}`, `state.path = ${statePath}`];
  writeFileSync(configPath, `${readFileSync(instance.config[1], "utf8")}\n${lines.join("\n")}\n`);
  config = ["--config", configPath];
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await sql(
    instance,
    "CREATE TABLE rows_of_some_size (id integer, text text)",
    "INSERT INTO rows_of_some_size SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 30000) n",
  );
  await addBlob(instance, 400_000);
  for (const [index, flags] of [[], ["--base", "latest"], ["--base", "latest"]].entries()) {
    const path = join(instance.backupFolder, `${index}.ngwbackup.age`);
    const result = await backup(...flags, path);
    if (result.exitCode !== 0) throw new Error(result.stderr);
    paths.push(path);
    held.push(await instance.fingerprint());
    await sql(instance, `UPDATE rows_of_some_size SET text = 'other' WHERE id = ${15000 + index}`);
    await addBlob(instance, 5000);
  }
}, 120_000);
afterAll(() => instance.drop());

describe("encrypted archives that refer to each other", () => {
  test("are made without the private key, by manifests that are kept for that, privately", () => {
    const [full, ...others] = paths.map((path) => statSync(path).size);
    for (const size of others) expect(size).toBeLessThan(full! * 0.5);
    expect(statSync(statePath).mode & 0o777).toBe(0o700);
    const folder = join(statePath, "manifests");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const kept = readdirSync(folder);
    expect(kept).toHaveLength(3);
    for (const name of kept) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  test("are verified, inspected and restored with it", async () => {
    const newest = paths[2]!;
    const verified = await runCli(["verify", "--identity", identity, ...paths]);
    expect(verified).toMatchObject({ exitCode: 0, stdout: paths.map((path) => `ok ${path}\n`).join("") });
    expect((await runCli(["inspect", "--identity", identity, newest])).stdout).toMatch(
      /^refers to +0\.ngwbackup\.age/m,
    );
    const args = ["--identity", identity, "--keep-previous", "0", "--yes", newest];
    expect(await runCli(["restore", ...instance.config, ...args])).toMatchObject({ exitCode: 0 });
    expect(realDifferences(held[2]!, await instance.fingerprint())).toEqual([]);
    expect(await runCli(["verify", newest])).toMatchObject({ exitCode: 4 });
  });

  test("become one that is encrypted, or plain only when that is said", async () => {
    const folder = await tempFolder();
    const newest = paths[2]!;
    const keys = ["--identity", identity];
    const refused = await runCli(["consolidate", ...keys, newest, join(folder, "x.ngwbackup")]);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toMatch(
      /is encrypted, and the archive that is made of it would not be\nhint: name a public key/,
    );
    const sealed = join(folder, "one.ngwbackup.age");
    expect(await runCli(["consolidate", ...keys, "--recipient", recipient, newest, sealed])).toMatchObject({
      exitCode: 0,
    });
    expect(readFileSync(sealed).subarray(0, 22).toString()).toBe("age-encryption.org/v1\n");
    expect(await runCli(["verify", ...keys, sealed])).toMatchObject({ exitCode: 0 });
    const plain = join(folder, "one.ngwbackup");
    expect(await runCli(["consolidate", ...keys, "--no-encrypt", newest, plain])).toMatchObject({ exitCode: 0 });
    expect(await runCli(["verify", plain])).toMatchObject({ exitCode: 0 });
  });

  test("need what was kept: of exactly that file, and of all that it refers to the file itself", async () => {
    const folder = await tempFolder();
    const copied = join(folder, "2.ngwbackup.age");
    copyFileSync(paths[2]!, copied);
    const missing = await backup("--base", copied, join(folder, "x.ngwbackup.age"));
    expect(missing).toMatchObject({ exitCode: 4, stdout: "" });
    expect(missing.stderr).toMatch(/refers to the archive [01]\.ngwbackup\.age, which is not there/);
    const grown = join(folder, "grown.ngwbackup.age");
    writeFileSync(grown, Buffer.concat([readFileSync(paths[0]!), Buffer.from("x")]));
    const other = await backup("--base", grown, join(folder, "x.ngwbackup.age"));
    expect(other).toMatchObject({ exitCode: 4, stdout: "" });
    expect(other.stderr).toMatch(/nor is its manifest kept here\nhint: .*state\.path/);
    rmSync(statePath, { recursive: true });
    const latest = await backup("--base", "latest", join(instance.backupFolder, "x.ngwbackup.age"));
    expect(latest.exitCode, latest.stderr).toBe(0);
    expect(latest.stderr).toContain("so it is a full one");
    rmSync(join(instance.backupFolder, "x.ngwbackup.age"));
    rmSync(statePath, { recursive: true });
    // With the private key nothing need be kept.
    const env = { NEXTGISWEB__NGWBACKUP__DECRYPT__IDENTITY: identity };
    const path = join(instance.backupFolder, "y.ngwbackup.age");
    const made = await runCli(["backup", ...config, "--one-shot", "--base", "latest", path], { env });
    expect(made).toMatchObject({ exitCode: 0 });
    expect(await runCli(["verify", "--identity", identity, path])).toMatchObject({ exitCode: 0 });
    expect(statSync(path).size).toBeLessThan(statSync(paths[0]!).size * 0.5);
  });
});
