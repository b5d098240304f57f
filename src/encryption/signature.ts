import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "../errors.ts";

/** Bytes of a signature (Ed25519, RFC 8032). */
export const signatureBytes = 64;

/** A new key pair to sign with. */
export interface SignerKeyPair {
  /** PKCS#8 as PEM. */
  privateKey: string;
  /** SubjectPublicKeyInfo as PEM. */
  publicKey: string;
}

/** Makes an Ed25519 key pair, as `openssl genpkey -algorithm ed25519` does. */
export function makeSignerKeyPair(): SignerKeyPair {
  return generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

/**
 * Reads a key to sign with: PEM, PKCS#8, not encrypted.
 * @param path absolute
 * @param setAt option that names it, for messages
 * @throws UsageError sign-key
 */
export async function readSignKey(path: string, setAt: string): Promise<KeyObject> {
  return await readKey(path, setAt, "sign-key", "private", createPrivateKey);
}

/**
 * Reads a key to check signatures with: PEM, as `keygen --signer` writes it beside the private one.
 * @throws UsageError signer-key, also for a private key: it has no business where archives are checked
 */
export async function readSignerKey(path: string, setAt: string): Promise<KeyObject> {
  return await readKey(path, setAt, "signer-key", "public", (pem) => {
    if (pem.includes("PRIVATE KEY")) throw new Error("this is a private key");
    return createPublicKey(pem);
  });
}

/** Signs bytes; the signature has {@link signatureBytes}. */
export function signBytes(bytes: Uint8Array, key: KeyObject): Buffer {
  return sign(null, bytes, key);
}

/** Whether a signature is of these bytes and by this key. */
export function isSignedBy(bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  return signature.length === signatureBytes && verify(null, bytes, key, signature);
}

async function readKey(
  path: string,
  setAt: string,
  code: string,
  kind: "private" | "public",
  parse: (pem: string) => KeyObject,
): Promise<KeyObject> {
  let key: KeyObject;
  let pem: string;
  try {
    pem = await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(code, `${setAt}: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  const hints = ["ngwbackup keygen --signer -o FILE makes a key pair: FILE and FILE.pub"];
  try {
    key = parse(pem);
  } catch (error) {
    const found = messageOf(error).split("\n")[0] ?? "";
    throw new UsageError(code, `${setAt}: expected an Ed25519 ${kind} key (PEM) in ${path}: ${found}`, { hints });
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  const found = key.asymmetricKeyType ?? "no asymmetric key";
  throw new UsageError(code, `${setAt}: expected an Ed25519 ${kind} key in ${path}, found ${found}`, { hints });
}
