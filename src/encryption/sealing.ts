import { randomBytes } from "node:crypto";
import type { ByteSource } from "../bytes.ts";
import { payloadNonceBytes } from "./age-format.ts";
import { openAgeSource } from "./age-source.ts";
import { payloadKeyOf, writeHeader } from "./header.ts";
import type { AgeRecipients } from "./recipients.ts";

/** What encrypts one file: its header, and the keys that nobody but the recipients has afterwards. */
export interface Sealing {
  /** Header and nonce, the first bytes of the file. */
  readonly header: Uint8Array;
  /** Of the payload, 32 bytes. */
  readonly payloadKey: Uint8Array;
  /**
   * Opens the file that was written with it, to check it: a host that encrypts for others has no key of theirs.
   * @throws DamagedError as {@link openAgeSource}
   */
  openWritten(source: ByteSource): Promise<ByteSource>;
  /** Overwrites the keys; nothing can be sealed or opened with it any more. */
  forget(): void;
}

/**
 * Makes the keys of a file that is to be written; each file has its own.
 * @throws UsageError recipient
 */
export async function createSealing(recipients: AgeRecipients): Promise<Sealing> {
  const { bytes, fileKey } = await writeHeader(recipients);
  const nonce = randomBytes(payloadNonceBytes);
  const payloadKey = payloadKeyOf(fileKey, nonce);
  return {
    header: Buffer.concat([bytes, nonce]),
    payloadKey,
    openWritten: (source) => openAgeSource(source, { keys: [], passphrase: undefined, fileKey }),
    forget() {
      fileKey.fill(0);
      payloadKey.fill(0);
    },
  };
}
