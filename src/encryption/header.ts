import { hkdfSync } from "node:crypto";
import type { Stanza } from "age-encryption";
import type { ByteSource } from "../bytes.ts";
import { AppError, DamagedError, messageOf, RefusedError, UsageError } from "../errors.ts";
import { ageMagic, payloadNonceBytes } from "./age-format.ts";
import { type AgeIdentities, identityList } from "./identities.ts";
import type { AgeRecipients } from "./recipients.ts";
import { passphraseRecipient } from "./scrypt-stanza.ts";

/** A header has a few hundred bytes a recipient; one that goes on for longer than this is none. */
const largestHeaderBytes = 1024 * 1024;
const firstReadBytes = 4096;
/** What age-encryption writes behind the header of an empty file: nonce and tag of its only chunk. */
const emptyPayloadBytes = 32;

/** A header for new recipients. */
export interface WrittenHeader {
  bytes: Uint8Array;
  /** 16 bytes: the secret that the recipients can get out of the header. */
  fileKey: Uint8Array;
}

/**
 * Makes a file key and the header that gives it to the recipients.
 * @throws UsageError recipient for one that cannot be encrypted to
 */
export async function writeHeader(recipients: AgeRecipients): Promise<WrittenHeader> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  try {
    if ("passphrase" in recipients) encrypter.addRecipient(passphraseRecipient(recipients.passphrase));
    else for (const recipient of recipients.keys) encrypter.addRecipient(recipient);
    // One more that adds nothing to the header and takes note of the key: the payload is ours to write.
    encrypter.addRecipient({
      wrapFileKey(key) {
        fileKey = key.slice();
        return [];
      },
    });
    const file = await encrypter.encrypt("");
    if (fileKey === undefined) throw new Error("the file key was not handed out");
    return { bytes: file.subarray(0, file.length - emptyPayloadBytes), fileKey };
  } catch (error) {
    throw new UsageError("recipient", `cannot encrypt to the recipients: ${messageOf(error)}`, { cause: error });
  }
}

/** What a header gave away. */
export interface ReadHeader {
  /** Where the payload's nonce begins. */
  sizeBytes: number;
  fileKey: Uint8Array;
}

/**
 * Reads the header at the beginning of a file, checks it, and takes the file key out of it.
 * @throws RefusedError no-identity when it is for others; DamagedError header-damaged; what asking for a passphrase throws
 */
export async function readHeader(source: ByteSource, identities: AgeIdentities): Promise<ReadHeader> {
  const header = await headerBytes(source);
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  let unmatched: readonly Stanza[] | undefined;
  for (const identity of identityList(identities)) decrypter.addIdentity(identity);
  decrypter.addIdentity({
    unwrapFileKey(stanzas: Stanza[]) {
      unmatched = stanzas;
      return null;
    },
  });
  try {
    return { sizeBytes: header.length, fileKey: await decrypter.decryptHeader(header) };
  } catch (error) {
    // Asking for a passphrase can be refused or interrupted.
    if (error instanceof AppError) throw error;
    if (unmatched !== undefined) throw noIdentity(source.label, unmatched, identities);
    throw damagedHeader(source.label, messageOf(error), error);
  }
}

/** The key of a payload, by the nonce in front of it. */
export function payloadKeyOf(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", fileKey, nonce, "payload", 32));
}

/** The file's header, up to the end of the line with its MAC. */
async function headerBytes(source: ByteSource): Promise<Buffer> {
  for (let wanted = firstReadBytes; ; wanted *= 16) {
    const length = Math.min(wanted, largestHeaderBytes, source.sizeBytes);
    const bytes = await source.read(0, length);
    const lastLine = bytes.indexOf("\n--- ", ageMagic.length - 1, "latin1");
    const end = lastLine < 0 ? -1 : bytes.indexOf("\n", lastLine + 1, "latin1");
    if (end >= 0) {
      if (end + 1 + payloadNonceBytes <= source.sizeBytes) return bytes.subarray(0, end + 1);
      throw damagedHeader(source.label, "the file ends right behind it");
    }
    if (length === source.sizeBytes) throw damagedHeader(source.label, "the file ends in it");
    if (length === largestHeaderBytes) throw damagedHeader(source.label, `no end in ${largestHeaderBytes} bytes`);
  }
}

function damagedHeader(label: string, found: string, cause?: unknown): DamagedError {
  return new DamagedError(
    "header-damaged",
    `${label}: age header is damaged at offset 0: expected the header of an encrypted file, found: ${found}`,
    cause === undefined ? {} : { cause },
  );
}

function noIdentity(label: string, stanzas: readonly Stanza[], identities: AgeIdentities): RefusedError {
  const kinds = [...new Set(stanzas.map(({ args: [kind = ""] }) => kind))];
  const isPassphrase = kinds.includes("scrypt");
  const tried = identities.keys.length + (identities.passphrase === undefined ? 0 : 1);
  const need = isPassphrase
    ? "it is encrypted with a passphrase"
    : `it is encrypted for ${stanzas.length} recipient${stanzas.length === 1 ? "" : "s"} (${kinds.map(shown).join(", ")})`;
  const matched = tried === 0 ? "no key was given" : isPassphrase ? "none that was given fits" : "no identity matches";
  const hints = isPassphrase
    ? ["name the file that holds it: --passphrase-file PATH"]
    : ["name the file with the private key: --identity FILE"];
  const isSsh = kinds.some((kind) => kind.startsWith("ssh-"));
  if (isSsh) hints.push("SSH keys are age's own: age -d -i KEY ARCHIVE.age > ARCHIVE");
  return new RefusedError("no-identity", `cannot decrypt ${label}: ${need}, and ${matched}`, { hints });
}

function shown(kind: string): string {
  return kind.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 40);
}
