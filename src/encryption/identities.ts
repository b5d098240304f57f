import { readFile } from "node:fs/promises";
import type { Identity } from "age-encryption";
import { messageOf, UsageError } from "../errors.ts";
import { ageMagic, isAgeFile } from "./age-format.ts";
import { isPassphraseStanza, passphraseIdentity } from "./scrypt-stanza.ts";

const armorBegin = "-----BEGIN AGE ENCRYPTED FILE-----";

/** Gives a passphrase when it is needed; undefined when there is none. */
export type AskPassphrase = (what: string) => Promise<string | undefined>;

/** What opens encrypted archives. */
export interface AgeIdentities {
  /** Private keys, `AGE-SECRET-KEY-...`. */
  keys: readonly string[];
  /** Asked only for a file that is encrypted with a passphrase. */
  passphrase: AskPassphrase | undefined;
  /** The file key itself, as whoever writes a file knows it. */
  fileKey?: Uint8Array;
}

/** The identities as the library takes them. */
export function identityList({ fileKey, keys, passphrase }: AgeIdentities): (string | Identity)[] {
  // Only a MAC that this very key has made lets a header pass.
  if (fileKey !== undefined) return [{ unwrapFileKey: () => fileKey }];
  return passphrase === undefined ? [...keys] : [...keys, askedIdentity(passphrase, "the archive")];
}

/**
 * Reads private keys from a file as `age -i` does: one a line, with empty lines and comments (`#`) between them; the file may
 * itself be encrypted with a passphrase.
 * @param path absolute
 * @throws UsageError identity-file
 */
export async function readIdentityFile(path: string, setAt: string, passphrase: AskPassphrase): Promise<string[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UsageError("identity-file", `${setAt}: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  const { identityToRecipient } = await import("age-encryption");
  const keys: string[] = [];
  for (const [index, line] of (await openedText(bytes, path, setAt, passphrase)).split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    try {
      await identityToRecipient(trimmed);
    } catch {
      // The line may hold a key with a mistake in it: it is not shown, nor what the library says of it.
      throw new UsageError("identity-file", `${path}, line ${index + 1}: expected a private key AGE-SECRET-KEY-...`, {
        hints: ["ngwbackup keygen -o FILE makes a key pair"],
      });
    }
    keys.push(trimmed);
  }
  if (keys.length === 0)
    throw new UsageError("identity-file", `${setAt}: expected private keys AGE-SECRET-KEY-... in ${path}, found none`);
  return keys;
}

async function openedText(bytes: Buffer, path: string, setAt: string, ask: AskPassphrase): Promise<string> {
  const text = bytes.toString("utf8");
  const isArmored = text.trimStart().startsWith(armorBegin);
  if (!isArmored && !isAgeFile(bytes.subarray(0, ageMagic.length))) return text;
  const { armor, Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  decrypter.addIdentity(askedIdentity(ask, `the identity file ${path}`));
  try {
    const sealed = isArmored ? armor.decode(text.trim()) : new Uint8Array(bytes);
    return await decrypter.decrypt(sealed, "text");
  } catch (error) {
    throw new UsageError("identity-file", `${setAt}: cannot decrypt ${path}: ${messageOf(error)}`, {
      cause: error,
      hints: ["its passphrase is asked for on a terminal, or comes from --passphrase-file PATH"],
    });
  }
}

function askedIdentity(ask: AskPassphrase, what: string): Identity {
  return {
    async unwrapFileKey(stanzas) {
      if (!stanzas.some(isPassphraseStanza)) return null;
      const passphrase = await ask(what);
      return passphrase === undefined ? null : await passphraseIdentity(passphrase).unwrapFileKey(stanzas);
    },
  };
}
