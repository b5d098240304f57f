import { spawnSync } from "node:child_process";
import { createReadStream, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { copyFile, open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sealedChunkBytes } from "../../src/encryption/age-format.ts";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { hasPython } from "../config/python-oracle.ts";
import { hasAge } from "../fixtures/age-files.ts";
import { runOnTerminal } from "../fixtures/on-terminal.ts";
import { cleanEnvironment, withClient } from "../fixtures/postgres.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;
let state: Fingerprint;
/** Identity file and public key of the owner. */
let identity: string;
let recipient: string;
let archive: string;
const now = new Date("2020-07-21T23:46:19.500Z");

async function filledInstance(seed?: string): Promise<TestInstance> {
  const made = await createTestInstance({ readyForSideBySide: seed === undefined });
  const settings = { settings: made.database.settings, sdir: made.sdir, scale: tinyScale };
  await createInstance(seed === undefined ? settings : { ...settings, seed });
  return made;
}

async function makeKey(folder: string, name: string): Promise<{ path: string; recipient: string }> {
  const path = join(folder, name);
  const made = await runCli(["keygen", "-o", path]);
  expect(made).toMatchObject({ exitCode: 0, stdout: "" });
  return { path, recipient: made.stderr.trim().replace("Public key: ", "") };
}

/** Adds lines to section `[ngwbackup]` of a copy of the configuration. */
function configWith(folder: string, ...lines: string[]): [string, string] {
  const path = join(folder, "config.ini");
  writeFileSync(path, `${readFileSync(instance.config[1], "utf8")}\n[ngwbackup]\n${lines.join("\n")}\n`);
  return ["--config", path];
}

beforeAll(async () => {
  instance = await filledInstance();
  ({ path: identity, recipient } = await makeKey(instance.folder, "key.txt"));
  const backup = await runCli(["backup", ...instance.config, "--one-shot", "--recipient", recipient], { now });
  expect(backup).toMatchObject({ exitCode: 0 });
  archive = backup.stdout.trim();
  state = afterRestore(await instance.fingerprint());
});
afterAll(() => instance.drop());

describe("an encrypted backup", () => {
  test("is named .age, private, and shows nothing of what is in it", async () => {
    expect(archive).toBe(join(instance.backupFolder, "20200721-234619.ngwbackup.age"));
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    expect(readdirSync(instance.backupFolder).filter((name) => name.startsWith("."))).toEqual([]);
    const bytes = readFileSync(archive);
    expect(bytes.subarray(0, 22).toString()).toBe("age-encryption.org/v1\n");
    for (const text of ["manifest.jsonl", "postgres/toc.dat", "PK\x03\x04", instance.database.name])
      expect(bytes.includes(text), text).toBe(false);
  });

  test("verifies, is listed and inspected with the key, by flag and by configuration", async () => {
    const folder = await tempFolder();
    const config = configWith(folder, `decrypt.identity = ${identity}`);
    for (const keys of [["--identity", identity], config]) {
      expect(await runCli(["verify", ...keys, archive])).toMatchObject({ exitCode: 0, stdout: `ok ${archive}\n` });
      const inspected = await runCli(["inspect", ...keys, archive]);
      expect(inspected.stdout).toMatch(/^encrypted +yes$/m);
      expect(inspected.stdout).toContain("vector_layer.");
      const listed = await runCli(["list", "--json", ...keys, instance.backupFolder]);
      expect(lastLine(listed)).toMatchObject({
        archives: [{ path: archive, encrypted: true, state: "complete", sizeBytes: statSync(archive).size }],
      });
    }
    const status = await runCli(["inspect", "--json", "--identity", identity, archive]);
    expect(lastLine(status)).toMatchObject({ encrypted: true, signed: false });
  });

  test("without a key it is listed as encrypted, and nothing else reads it (exit 4)", async () => {
    const stranger = await makeKey(await tempFolder(), "other.txt");
    const listed = await runCli(["list", instance.backupFolder]);
    expect(listed).toMatchObject({ exitCode: 0 });
    expect(listed.stdout).toMatch(/\byes +no +- +encrypted +\//);
    const why = "it is encrypted for 1 recipient (X25519)";
    const verified = await runCli(["verify", archive]);
    expect(verified).toMatchObject({
      exitCode: 4,
      stdout: `bad ${archive}: cannot decrypt ${archive}: ${why}, and no key was given\n`,
    });
    const inspected = await runCli(["inspect", "--identity", stranger.path, archive]);
    expect(inspected.exitCode).toBe(4);
    expect(inspected.stderr).toBe(
      `error: cannot decrypt ${archive}: ${why}, and no identity matches\nhint: name the file with the private key: --identity FILE\n`,
    );
    const restored = await runCli(["restore", ...instance.config, "--dry-run", archive]);
    expect(restored.exitCode).toBe(4);
    expect(restored.stderr).toContain("hint: name the file with the private key: --identity FILE");
  });

  test("goes back from stdin", async () => {
    const other = await filledInstance("another");
    try {
      const args = ["restore", ...other.config, "--in-place", "--keep-previous", "0", "--identity", identity];
      expect(await runCli([...args, "-"], { stdin: createReadStream(archive) })).toMatchObject({ exitCode: 0 });
      expect(differences(state, await other.fingerprint())).toEqual([]);
    } finally {
      await other.drop();
    }
  });

  test("is drilled, the newest of a folder too", async () => {
    const drilled = await runCli(["drill", ...instance.config, "--identity", identity]);
    expect(drilled.stdout).toContain(`sound: ${archive}`);
    expect(drilled.exitCode).toBe(0);
  });

  test.skipIf(!hasAge)("age -d and unzip -t take it, and we take what age encrypts (needs age)", async () => {
    const folder = await tempFolder();
    const [plain, again] = [join(folder, "plain.ngwbackup"), join(folder, "again")];
    expect(spawnSync("age", ["-d", "-i", identity, "-o", plain, archive]).status).toBe(0);
    const tested = spawnSync("unzip", ["-tq", plain]);
    expect(tested.stdout.toString()).toContain("No errors detected");
    expect(await runCli(["verify", plain])).toMatchObject({ exitCode: 0 });
    expect(spawnSync("age", ["-r", recipient, "-o", again, plain]).status).toBe(0);
    expect(await runCli(["verify", "--identity", identity, again])).toMatchObject({ exitCode: 0 });
    const other = await filledInstance("another");
    try {
      const args = ["restore", ...other.config, "--in-place", "--keep-previous", "0", "--identity", identity];
      expect(await runCli([...args, again])).toMatchObject({ exitCode: 0 });
      expect(differences(state, await other.fingerprint())).toEqual([]);
    } finally {
      await other.drop();
    }
  });

  test("to stdout, for keys of a file and of the configuration", async () => {
    const folder = await tempFolder();
    const second = await makeKey(folder, "second.txt");
    const recipients = join(folder, "recipients.txt");
    writeFileSync(recipients, `# office\n${recipient}\n# vault\n${second.recipient}\n`);
    const byFile = await runCli(["backup", ...instance.config, "--one-shot", "--recipients-file", recipients, "-"]);
    const config = configWith(folder, `encrypt.recipients = ${recipient}, ${second.recipient}`);
    const byOption = await runCli(["backup", ...config, "--one-shot", "-"]);
    for (const { stdoutBytes, exitCode } of [byFile, byOption]) {
      expect(exitCode).toBe(0);
      const path = join(folder, "out");
      writeFileSync(path, stdoutBytes);
      for (const key of [identity, second.path])
        expect(await runCli(["verify", "--identity", key, path])).toMatchObject({ exitCode: 0 });
    }
    const plain = await runCli(["backup", ...config, "--one-shot", "--no-encrypt", join(folder, "plain.ngwbackup")]);
    expect(plain).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, "plain.ngwbackup")).subarray(0, 2).toString()).toBe("PK");
  });

  test("with a passphrase, from files by flag and by configuration", async () => {
    const folder = await tempFolder();
    const [file, path] = [join(folder, "passphrase"), join(folder, "a.ngwbackup.age")];
    writeFileSync(file, `${databaseSecret}\n`);
    const config = configWith(folder, `encrypt.passphrase_file = ${file}`);
    expect(await runCli(["backup", ...config, "--one-shot", path])).toMatchObject({ exitCode: 0 });
    expect(await runCli(["verify", ...config, path])).toMatchObject({ exitCode: 0 });
    expect(await runCli(["verify", "--passphrase-file", file, path])).toMatchObject({ exitCode: 0 });
    const missing = await runCli(["verify", "--identity", identity, path]);
    expect(missing).toMatchObject({ exitCode: 4 });
    expect(missing.stdout).toContain("it is encrypted with a passphrase");
    // Nobody is asked for it by a list, nor does it take the second that each needs.
    expect((await runCli(["list", ...config, folder])).stdout).toMatch(/\byes +no +- +encrypted +\//);
  });

  test.skipIf(!hasPython)("a passphrase is asked for on a terminal, and not shown (needs python3)", async () => {
    const folder = await tempFolder();
    const [file, path] = [join(folder, "passphrase"), join(folder, "a.ngwbackup.age")];
    writeFileSync(file, "correct horse\n");
    const backup = ["backup", ...instance.config, "--one-shot", "--passphrase-file", file, path];
    expect(await runCli(backup)).toMatchObject({ exitCode: 0 });
    const program = join(import.meta.dirname, "../../src/cli.ts");
    const options = { cwd: folder, env: cleanEnvironment() };
    const verify = (passphrase: string): { exitCode: number | null; shown: string } =>
      runOnTerminal(process.execPath, [program, "verify", path], passphrase, options);
    const right = verify("correct horse");
    expect(right.shown).toContain("Passphrase of the archive: ");
    expect(right.shown).toContain(`ok ${path}`);
    expect(right.exitCode).toBe(0);
    expect(right.shown).not.toContain("correct horse");
    expect(verify("wrong horse")).toMatchObject({ exitCode: 4 });
    // Ctrl-C, which the terminal does not make a signal of meanwhile.
    expect(verify("\x03")).toMatchObject({ exitCode: 130 });
  });

  test("is not made a plain one by consolidate, unless that is wanted", async () => {
    const folder = await tempFolder();
    const [sealed, plain] = [join(folder, "sealed.age"), join(folder, "plain")];
    const args = ["consolidate", ...instance.config, "--identity", identity];
    const refused = await runCli([...args, archive, plain]);
    expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
    expect(refused.stderr).toContain("is encrypted, and the archive that is made of it would not be");
    expect(existsSync(plain)).toBe(false);
    expect(await runCli([...args, "--recipient", recipient, archive, sealed])).toMatchObject({ exitCode: 0 });
    expect(await runCli(["verify", "--identity", identity, sealed])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(sealed).subarray(0, 22).toString()).toBe("age-encryption.org/v1\n");
    expect(await runCli([...args, "--no-encrypt", archive, plain])).toMatchObject({ exitCode: 0 });
    expect(await runCli(["verify", plain])).toMatchObject({ exitCode: 0 });
  });

  test("is copied without a key, and with one its manifest is looked at", async () => {
    const folder = await tempFolder();
    const keys = ["--identity", identity];
    const damaged = join(folder, "damaged.age");
    const bytes = readFileSync(archive);
    bytes[bytes.length - 20]! ^= 1;
    writeFileSync(damaged, bytes);
    expect(await runCli(["copy", damaged, join(folder, "a")])).toMatchObject({ exitCode: 0 });
    expect(await runCli(["copy", ...keys, archive, join(folder, "b")])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, "b")).equals(readFileSync(archive))).toBe(true);
    expect(await runCli(["copy", ...keys, damaged, join(folder, "c")])).toMatchObject({ exitCode: 5, stdout: "" });
    const other = join(folder, "other.txt");
    await runCli(["keygen", "-o", other]);
    const locked = await runCli(["copy", "--identity", other, archive, join(folder, "c")]);
    expect(locked).toMatchObject({ exitCode: 4, stdout: "" });
    expect(readdirSync(folder).toSorted()).toEqual(["a", "b", "damaged.age", "other.txt"]);
  });

  test("check tells whether backups can be encrypted and signed as configured", async () => {
    const folder = await tempFolder();
    const good = await runCli(["check", ...configWith(folder, `encrypt.recipients = ${recipient}`)]);
    expect(good.stdout).toMatch(/^ok +.*archives are encrypted for 1 recipient$/m);
    const bad = await runCli(["check", ...configWith(folder, "encrypt.recipients_file = /none", "sign.key = /none")]);
    expect(bad.exitCode).toBe(4);
    expect(bad.stdout).toMatch(/^fail +.*encrypt.recipients_file: cannot read \/none/m);
    expect(bad.stdout).toMatch(/^fail +.*sign.key: cannot read \/none/m);
  });

  test("what contradicts itself is refused before anything is written", async () => {
    const folder = await tempFolder();
    const file = join(folder, "passphrase");
    writeFileSync(file, "p\n");
    const target = join(folder, "a");
    const cases: [string[], string][] = [
      [["--recipient", recipient, "--no-zip"], "--no-zip writes a folder of plain files"],
      [["--recipient", recipient, "--no-encrypt"], "--no-encrypt and what encrypts"],
      [["--recipient", recipient, "--passphrase-file", file], "age allows a passphrase only alone"],
      [["--recipient", "age1nonsense"], "--recipient: expected a recipient age1..., found age1nonsense"],
      [["--recipients-file", join(folder, "none")], "--recipients-file: cannot read"],
      [["--passphrase-file", join(folder, "none")], "--passphrase-file: cannot read password file"],
    ];
    for (const [args, message] of cases) {
      const result = await runCli(["backup", ...instance.config, "--one-shot", ...args, target]);
      expect(result.exitCode, message).toBe(2);
      expect(result.stderr).toContain(message);
      expect(existsSync(target)).toBe(false);
    }
  });
});

describe("damage of an encrypted archive", () => {
  async function damaged(change: (path: string) => Promise<void>): Promise<CliResult> {
    const path = join(await tempFolder(), "a.ngwbackup.age");
    await copyFile(archive, path);
    await change(path);
    const result = await runCli(["verify", "--identity", identity, path]);
    expect(result.exitCode).toBe(5);
    return result;
  }

  const flip = async (path: string, place: number): Promise<void> => {
    const file = await open(path, "r+");
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, place);
    buffer[0]! ^= 1;
    await file.write(buffer, 0, 1, place);
    await file.close();
  };

  test("a flipped bit is named with chunk, offset and entry", async () => {
    const { stdout } = await damaged((path) => flip(path, 3 * sealedChunkBytes));
    expect(stdout).toMatch(/^bad \S+: entry \S+: chunk 2 at offset \d+ is damaged: expected chunk 2 of \d+, as it/m);
  });

  test("a file that was cut off is known before it is read", async () => {
    const { size } = statSync(archive);
    for (const length of [size - 1, size - sealedChunkBytes, 5 * sealedChunkBytes]) {
      const { stdout } = await damaged((path) => truncate(path, length));
      expect(stdout).toMatch(/^bad \S+: (chunk \d+ at offset \d+ is damaged|the file was cut off or lengthened)/);
      expect(stdout.trim().split("\n")).toHaveLength(1);
    }
  });

  test("a header that was changed", async () => {
    const { stdout } = await damaged((path) => flip(path, readFileSync(archive).indexOf("--- ") + 6));
    expect(stdout).toMatch(/^bad \S+: age header is damaged at offset 0: expected/);
  });

  test("a rescue takes what is in the chunks that are left of a file that was cut off", async () => {
    const folder = await tempFolder();
    const path = join(folder, "a.ngwbackup.age");
    await copyFile(archive, path);
    await truncate(path, statSync(archive).size - sealedChunkBytes - 17);
    const target = join(folder, "rescued");
    const args = ["restore", ...instance.config, "--json", "--rescue", "--rescue-folder", target];
    const result = await runCli([...args, "--identity", identity, path]);
    expect(result.exitCode).toBe(3);
    const summary = lastLine(result) as { database: string; rows: number; files: number };
    // Rows come first: all of them are there.
    const inspected = await runCli(["inspect", "--json", "--identity", identity, archive]);
    expect(summary.rows).toBe((lastLine(inspected) as { rows: number }).rows);
    expect(summary.files).toBeLessThan(Object.keys(state.blobs).length);
    await withClient({ ...instance.database.admin, database: "postgres" }, (client) =>
      client.query(`drop database ${summary.database}`),
    );
    const keyless = await runCli([...args, path]);
    expect(keyless).toMatchObject({ exitCode: 4 });
  });
});

describe("keygen", () => {
  test("writes an identity file as age-keygen does, private, once", async () => {
    const folder = await tempFolder();
    const { path, recipient: key } = await makeKey(folder, "key.txt");
    expect(key).toMatch(/^age1[0-9a-z]{58}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, "utf8");
    expect(text).toMatch(/^# created: \S+Z\n# public key: age1\S+\nAGE-SECRET-KEY-1\S+\n$/);
    expect(text).toContain(key);
    const again = await runCli(["keygen", "-o", path]);
    expect(again).toMatchObject({ exitCode: 4, stdout: "" });
    expect(again.stderr).toContain(`${path} exists already, and a key is never replaced`);
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("without a file the private key goes to stdout, the public one to stderr, and JSON shows no private key", async () => {
    const made = await runCli(["keygen"]);
    expect(made.stdout).toMatch(/^# created: .*\n# public key: (age1\S+)\nAGE-SECRET-KEY-1\S+\n$/);
    expect(made.stderr).toMatch(/^Public key: age1\S+\n$/);
    expect(await runCli(["keygen", "--json"])).toMatchObject({ exitCode: 2 });
    const path = join(await tempFolder(), "key");
    const json = await runCli(["keygen", "--json", "-o", path]);
    expect(json.stdout).not.toContain("AGE-SECRET");
    expect(lastLine(json)).toMatchObject({
      command: "keygen",
      path,
      recipient: expect.stringMatching(/^age1/) as string,
    });
  });
});

describe("signatures", () => {
  test("of plain, encrypted and folder archives, checked by verify and by openssl", async () => {
    const folder = await tempFolder();
    const key = join(folder, "signer");
    const made = await runCli(["keygen", "--signer", "-o", key]);
    expect(made).toMatchObject({ exitCode: 0, stdout: "", stderr: `private key: ${key}\npublic key: ${key}.pub\n` });
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(await runCli(["keygen", "--signer", "-o", key])).toMatchObject({ exitCode: 4 });
    expect(await runCli(["keygen", "--signer"])).toMatchObject({ exitCode: 2 });
    const stranger = join(folder, "stranger");
    expect(await runCli(["keygen", "--signer", "-o", stranger])).toMatchObject({ exitCode: 0 });

    const [plain, sealed, asFolder] = ["plain.ngwbackup", "sealed.ngwbackup.age", "folder"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const backup = ["backup", "--one-shot"];
    const config = configWith(folder, `sign.key = ${key}`);
    for (const args of [
      [...config, plain],
      [...instance.config, "--sign-key", key, "--recipient", recipient, sealed],
      [...config, "--no-zip", asFolder],
    ])
      expect(await runCli([...backup, ...args])).toMatchObject({ exitCode: 0 });
    for (const path of [plain, sealed, asFolder]) {
      const keys = ["--identity", identity];
      expect(await runCli(["verify", ...keys, path])).toMatchObject({ exitCode: 0 });
      const signed = await runCli(["verify", ...keys, "--signer", `${key}.pub`, path]);
      expect(signed).toMatchObject({ exitCode: 0, stdout: `ok ${path}\n` });
      const other = await runCli(["verify", ...keys, "--signer", `${stranger}.pub`, path]);
      expect(other).toMatchObject({
        exitCode: 5,
        stdout: `bad ${path}: entry manifest.sig: wrong signature: expected one by the key of ${stranger}.pub, found one that does not fit\n`,
      });
      expect((await runCli(["inspect", ...keys, path])).stdout).toMatch(/^signed +yes/m);
    }
    const kept = await runCli(["prune", ...instance.config, "--dry-run", "--json", "--keep-last", "1", folder]);
    // A folder with a signature in it holds nothing strange.
    expect(kept.stdout).not.toContain("manifest.sig");

    const unsigned = await runCli(["verify", "--identity", identity, "--signer", `${key}.pub`, archive]);
    expect(unsigned).toMatchObject({
      exitCode: 5,
      stdout: `bad ${archive}: entry manifest.sig: no signature: expected one by the key of ${key}.pub, found none\n`,
    });

    if (spawnSync("openssl", ["version"]).status !== 0) return;
    expect(spawnSync("unzip", ["-q", plain, "manifest.jsonl", "manifest.sig", "-d", join(folder, "out")]).status).toBe(
      0,
    );
    const openssl = spawnSync(
      "openssl",
      [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        `${key}.pub`,
        "-rawin",
        "-in",
        "manifest.jsonl",
        "-sigfile",
        "manifest.sig",
      ],
      { cwd: join(folder, "out") },
    );
    expect(openssl.stdout.toString()).toContain("Verified Successfully");
  });

  test("do not stand in the way of a restore", async () => {
    const folder = await tempFolder();
    const [key, path] = [join(folder, "signer"), join(folder, "a.ngwbackup")];
    expect(await runCli(["keygen", "--signer", "-o", key])).toMatchObject({ exitCode: 0 });
    const backup = ["backup", ...instance.config, "--one-shot", "--sign-key", key, path];
    expect(await runCli(backup)).toMatchObject({ exitCode: 0 });
    expect(await runCli(["restore", ...instance.config, "--dry-run", path])).toMatchObject({ exitCode: 0 });
  });

  test("keys that are none are refused", async () => {
    const wrong = await runCli(["backup", ...instance.config, "--sign-key", identity, join(await tempFolder(), "a")]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain("--sign-key: expected an Ed25519 private key (PEM)");
    expect(await runCli(["verify", "--signer", identity, archive])).toMatchObject({ exitCode: 2 });
  });
});

function lastLine({ stdout }: CliResult): unknown {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}
