import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { chunkBytes } from "../../src/encryption/age-format.ts";
import { makeAgeKeyPair } from "../../src/encryption/age-key-pair.ts";
import { openAgeSource } from "../../src/encryption/age-source.ts";
import type { AgeIdentities } from "../../src/encryption/identities.ts";
import { readIdentityFile } from "../../src/encryption/identities.ts";
import { checkRecipient, readRecipientsFile } from "../../src/encryption/recipients.ts";
import { type AgeKeys, hasAge, makeAgeKeys, sealedBytes } from "../fixtures/age-files.ts";
import { createMemorySource } from "../fixtures/memory-bytes.ts";
import { hasPython } from "../config/python-oracle.ts";
import { runOnTerminal } from "../fixtures/on-terminal.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let keys: AgeKeys;

beforeAll(async () => {
  keys = await makeAgeKeys();
});

const noPassphrase = async (): Promise<undefined> => undefined;
const withPassphrase = (passphrase: string): AgeIdentities => ({ keys: [], passphrase: async () => passphrase });

async function opened(bytes: Uint8Array, identities: AgeIdentities): Promise<Buffer> {
  const source = await openAgeSource(createMemorySource(bytes, "a.age"), identities);
  return await source.read(0, source.sizeBytes);
}

function age(args: readonly string[], input?: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync("age", args, { input, maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`age ${args.join(" ")}: ${stderr.toString()}`);
  return stdout;
}

describe.skipIf(!hasAge)("beside Debian's age (needs age)", () => {
  const sizes = [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 16 * chunkBytes, 40 * chunkBytes + 7];

  it.each(sizes)("age decrypts what we encrypt: %i bytes", async (size) => {
    const folder = await tempFolder();
    const identityPath = join(folder, "key.txt");
    await writeFile(identityPath, (await keyFile()).text);
    const plain = randomBytes(size);
    const sealed = await sealedBytes([plain], { keys: [keys.recipient, (await keyFile()).recipient] });
    expect(age(["-d", "-i", identityPath], sealed).equals(plain)).toBe(true);
  });

  it.each(sizes)("we decrypt what age encrypts: %i bytes", async (size) => {
    const plain = randomBytes(size);
    const other = await makeAgeKeys();
    const sealed = age(["-r", other.recipient, "-r", keys.recipient], plain);
    expect((await opened(sealed, keys.identities)).equals(plain)).toBe(true);
  });

  it("both read each other's identity and recipients files", async () => {
    const folder = await tempFolder();
    const path = join(folder, "key.txt");
    expect(spawnSync("age-keygen", ["-o", path]).status).toBe(0);
    const [identity = ""] = await readIdentityFile(path, "--identity", noPassphrase);
    const recipients = join(folder, "recipients.txt");
    await writeFile(recipients, `# the office\n\n${spawnSync("age-keygen", ["-y", path]).stdout.toString()}`);
    const sealed = await sealedBytes([Buffer.from("x")], {
      keys: await readRecipientsFile(recipients, "--recipients-file"),
    });
    expect((await opened(sealed, { keys: [identity], passphrase: undefined })).toString()).toBe("x");
    expect(age(["-d", "-i", path], sealed).toString()).toBe("x");

    const ours = join(folder, "ours.txt");
    const pair = await makeAgeKeyPair(new Date("2026-11-23T10:00:00.123Z"));
    await writeFile(ours, pair.identityFile);
    expect(await readFile(ours, "utf8")).toMatch(
      /^# created: 2026-11-23T10:00:00Z\n# public key: age1[0-9a-z]{58}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$/,
    );
    expect(spawnSync("age-keygen", ["-y", ours]).stdout.toString().trim()).toBe(pair.recipient);
  });

  it.skipIf(!hasPython)("passphrases, which age asks for on a terminal only, both ways (needs python3)", async () => {
    const folder = await tempFolder();
    const [plain, ours, theirs, back] = ["plain", "ours", "theirs", "back"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    const content = randomBytes(chunkBytes + 5);
    await writeFile(plain, content);
    await writeFile(ours, await sealedBytes([content], { passphrase: "correct horse" }));
    expect(runOnTerminal("age", ["-d", "-o", back, ours], "correct horse")).toMatchObject({ exitCode: 0 });
    expect((await readFile(back)).equals(content)).toBe(true);
    expect(runOnTerminal("age", ["-p", "-o", theirs, plain], "correct horse")).toMatchObject({ exitCode: 0 });
    expect((await opened(await readFile(theirs), withPassphrase("correct horse"))).equals(content)).toBe(true);
  });
});

async function keyFile(): Promise<{ text: string; recipient: string }> {
  keyFileMade ??= makeAgeKeyPair(new Date()).then(({ identityFile, recipient }) => ({ text: identityFile, recipient }));
  return await keyFileMade;
}
let keyFileMade: Promise<{ text: string; recipient: string }> | undefined;

describe("who can open a file", () => {
  it("each of several recipients, and nobody else", async () => {
    const [second, stranger] = [await makeAgeKeys(), await makeAgeKeys()];
    const sealed = await sealedBytes([Buffer.from("x")], { keys: [keys.recipient, second.recipient] });
    for (const { identities } of [keys, second]) expect((await opened(sealed, identities)).toString()).toBe("x");
    expect(
      (await opened(sealed, { keys: [stranger.identity, second.identity], passphrase: undefined })).toString(),
    ).toBe("x");
    await expect(opened(sealed, stranger.identities)).rejects.toMatchObject({
      code: "no-identity",
      exitCode: 4,
      message: "cannot decrypt a.age: it is encrypted for 2 recipients (X25519), and no identity matches",
    });
    await expect(opened(sealed, { keys: [], passphrase: undefined })).rejects.toThrow("and no key was given");
  });

  it("post-quantum recipients", async () => {
    const { generateHybridIdentity, identityToRecipient } = await import("age-encryption");
    const identity = await generateHybridIdentity();
    const sealed = await sealedBytes([Buffer.from("x")], { keys: [await identityToRecipient(identity)] });
    expect((await opened(sealed, { keys: [identity], passphrase: undefined })).toString()).toBe("x");
  });

  it("the passphrase, which the package and we take for the same", async () => {
    const sealed = await sealedBytes([Buffer.from("x")], { passphrase: "correct horse" });
    expect((await opened(sealed, withPassphrase("correct horse"))).toString()).toBe("x");
    await expect(opened(sealed, withPassphrase("wrong horse"))).rejects.toMatchObject({
      code: "no-identity",
      message: "cannot decrypt a.age: it is encrypted with a passphrase, and none that was given fits",
    });
    await expect(opened(sealed, keys.identities)).rejects.toMatchObject({
      hints: ["name the file that holds it: --passphrase-file PATH"],
    });
    const { Decrypter, Encrypter } = await import("age-encryption");
    const decrypter = new Decrypter();
    decrypter.addPassphrase("correct horse");
    expect(await decrypter.decrypt(new Uint8Array(sealed), "text")).toBe("x");
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(10);
    encrypter.setPassphrase("correct horse");
    expect((await opened(await encrypter.encrypt("y"), withPassphrase("correct horse"))).toString()).toBe("y");
  });

  it("is never asked for a passphrase where none is needed", async () => {
    const sealed = await sealedBytes([Buffer.from("x")], { keys: [keys.recipient] });
    const asked = async (): Promise<string> => {
      throw new Error("asked");
    };
    expect((await opened(sealed, { keys: [keys.identity], passphrase: asked })).toString()).toBe("x");
  });

  it("a header that asks for gigabytes of memory is not believed", async () => {
    const { Encrypter } = await import("age-encryption");
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(10);
    encrypter.setPassphrase("p");
    const text = Buffer.from(await encrypter.encrypt("y")).toString("latin1");
    const bytes = Buffer.from(text.replace(/(-> scrypt \S+) 10\n/, "$1 30\n"), "latin1");
    await expect(opened(bytes, withPassphrase("p"))).rejects.toMatchObject({
      code: "header-damaged",
      message: expect.stringContaining("at most 20, found 30") as string,
    });
  });
});

describe("key files", () => {
  it("an identity file that is encrypted with a passphrase itself, in both forms", async () => {
    const folder = await tempFolder();
    const { armor, Encrypter } = await import("age-encryption");
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(10);
    encrypter.setPassphrase("locked");
    const sealed = await encrypter.encrypt(`# comment\n${keys.identity}\n`);
    for (const content of [sealed, armor.encode(sealed)]) {
      const path = join(folder, "key.age");
      await writeFile(path, content);
      expect(await readIdentityFile(path, "--identity", async () => "locked")).toEqual([keys.identity]);
      await expect(readIdentityFile(path, "--identity", async () => "open")).rejects.toMatchObject({
        code: "identity-file",
        exitCode: 2,
      });
      await expect(readIdentityFile(path, "--identity", noPassphrase)).rejects.toThrow(`cannot decrypt ${path}`);
    }
  });

  it("what is no private key is named by its line and never shown", async () => {
    const path = join(await tempFolder(), "key.txt");
    const wrong = `${keys.identity.slice(0, -1)}${keys.identity.endsWith("Q") ? "P" : "Q"}`;
    await writeFile(path, `# a\n${wrong}\n`);
    const error = await readIdentityFile(path, "--identity", noPassphrase).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error?.message).toBe(`${path}, line 2: expected a private key AGE-SECRET-KEY-...`);
    expect(JSON.stringify([error, error?.cause, error?.stack])).not.toContain(wrong.slice(20, 50));
    await writeFile(path, "# nothing\n");
    await expect(readIdentityFile(path, "--identity", noPassphrase)).rejects.toThrow("found none");
    await expect(readIdentityFile(`${path}.no`, "--identity", noPassphrase)).rejects.toThrow("cannot read");
  });

  it("recipients are checked before anything is encrypted", async () => {
    const path = join(await tempFolder(), "recipients.txt");
    await writeFile(path, `${keys.recipient}\nage1nonsense\n`);
    await expect(readRecipientsFile(path, "--recipients-file")).rejects.toThrow(
      `${path}, line 2: expected a recipient`,
    );
    await writeFile(path, "\n");
    await expect(readRecipientsFile(path, "--recipients-file")).rejects.toThrow("found none");
    await expect(readRecipientsFile(`${path}.no`, "--recipients-file")).rejects.toThrow("cannot read");
    await expect(checkRecipient("ssh-ed25519 AAAA", "--recipient")).rejects.toThrow("SSH key, which is not supported");
    const error = await checkRecipient(keys.identity, "--recipient").then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error?.message).toBe("--recipient: expected a public key, found a private one");
  });
});
