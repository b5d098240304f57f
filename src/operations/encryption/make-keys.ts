import { open } from "node:fs/promises";
import { createError, systemCode } from "../../disk-errors.ts";
import { type AgeKeyPair, makeAgeKeyPair } from "../../encryption/age-key-pair.ts";
import { makeSignerKeyPair } from "../../encryption/signature.ts";
import { RefusedError } from "../../errors.ts";

/**
 * Makes a key pair that archives are encrypted for.
 * @param path absolute, for the private key (mode 0600); undefined: it is not written
 * @throws RefusedError key-exists: a key is never replaced
 */
export async function makeAgeKeyFile(path: string | undefined, createdAt: Date): Promise<AgeKeyPair> {
  const pair = await makeAgeKeyPair(createdAt);
  if (path !== undefined) await writeNew(path, pair.identityFile, 0o600);
  return pair;
}

/**
 * Makes a key pair that archives are signed with: the private one (mode 0600), and beside it the public one.
 * @param path absolute, of the private key
 * @returns path of the public key
 * @throws RefusedError key-exists
 */
export async function makeSignerKeyFiles(path: string): Promise<string> {
  const { privateKey, publicKey } = makeSignerKeyPair();
  const publicPath = `${path}.pub`;
  await writeNew(path, privateKey, 0o600);
  await writeNew(publicPath, publicKey, 0o644);
  return publicPath;
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    const file = await open(path, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw createError(error, path);
    throw new RefusedError("key-exists", `${path} exists already, and a key is never replaced`, {
      cause: error,
      hints: ["choose another name"],
    });
  }
}
