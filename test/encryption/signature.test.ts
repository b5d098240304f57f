import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  isSignedBy,
  makeSignerKeyPair,
  readSignerKey,
  readSignKey,
  signatureBytes,
  signBytes,
} from "../../src/encryption/signature.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

async function keyFiles(): Promise<{ folder: string; key: string; pub: string }> {
  const folder = await tempFolder();
  const [key, pub] = [join(folder, "key"), join(folder, "key.pub")];
  const pair = makeSignerKeyPair();
  await writeFile(key, pair.privateKey);
  await writeFile(pub, pair.publicKey);
  return { folder, key, pub };
}

describe("signatures", () => {
  it("fit the bytes and the key, and no others", async () => {
    const { key, pub } = await keyFiles();
    const bytes = Buffer.from("manifest");
    const signature = signBytes(bytes, await readSignKey(key, "--sign-key"));
    expect(signature).toHaveLength(signatureBytes);
    const signer = await readSignerKey(pub, "--signer");
    expect(isSignedBy(bytes, signature, signer)).toBe(true);
    expect(isSignedBy(Buffer.from("Manifest"), signature, signer)).toBe(false);
    expect(isSignedBy(bytes, signature.subarray(1), signer)).toBe(false);
    expect(isSignedBy(bytes, signature, await readSignerKey((await keyFiles()).pub, "--signer"))).toBe(false);
  });

  it("keys of other kinds are named", async () => {
    const { folder, key, pub } = await keyFiles();
    await expect(readSignKey(pub, "--sign-key")).rejects.toMatchObject({ code: "sign-key", exitCode: 2 });
    await expect(readSignerKey(key, "--signer")).rejects.toThrow("this is a private key");
    await expect(readSignerKey(`${key}.no`, "--signer")).rejects.toThrow("cannot read");
    const nothing = join(folder, "nothing");
    await writeFile(nothing, "nothing\n");
    await expect(readSignerKey(nothing, "--signer")).rejects.toThrow(`--signer: expected an Ed25519 public key`);
  });

  it.skipIf(!hasOpenssl)("openssl checks ours, and we check openssl's (needs openssl)", async () => {
    const { folder, key, pub } = await keyFiles();
    const [file, sig, rsa] = [join(folder, "file"), join(folder, "sig"), join(folder, "rsa")];
    await writeFile(file, "manifest\n");
    await writeFile(sig, signBytes(Buffer.from("manifest\n"), await readSignKey(key, "--sign-key")));
    const verify = ["pkeyutl", "-verify", "-pubin", "-inkey", pub, "-rawin", "-in", file, "-sigfile", sig];
    expect(spawnSync("openssl", verify).stdout.toString()).toContain("Verified Successfully");
    const signed = spawnSync("openssl", ["pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", file]).stdout;
    expect(isSignedBy(Buffer.from("manifest\n"), signed, await readSignerKey(pub, "--signer"))).toBe(true);
    expect(spawnSync("openssl", ["genpkey", "-algorithm", "RSA", "-out", rsa]).status).toBe(0);
    await expect(readSignKey(rsa, "sign.key")).rejects.toThrow(`expected an Ed25519 private key in ${rsa}, found rsa`);
  });
});
