import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import type { Identity, Recipient, Stanza } from "age-encryption";

/** Cost of trying a passphrase, as a power of two: what age itself takes, about a second and 256 MiB. */
const workFactor = 18;
/** A header that asks for more is not believed: its reader would need over 1 GiB. */
const highestWorkFactor = 20;
const label = Buffer.from("age-encryption.org/v1/scrypt");
const saltBytes = 16;
const fileKeyBytes = 16;
const tagBytes = 16;
const algorithm = "chacha20-poly1305";
const zeroNonce = Buffer.alloc(12);

/*
 * The package has this stanza, too, but computes scrypt in JavaScript, which holds the main thread for two seconds,
 * and does not hand out the file key when it encrypts.
 */

/** The recipient that is a passphrase; it must be the only one of a file. */
export function passphraseRecipient(passphrase: string): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(saltBytes);
      const cipher = createCipheriv(algorithm, await stretch(passphrase, salt, workFactor), zeroNonce, {
        authTagLength: tagBytes,
      });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [{ args: ["scrypt", withoutPadding(salt), String(workFactor)], body: new Uint8Array(body) }];
    },
  };
}

/** The identity that is a passphrase. */
export function passphraseIdentity(passphrase: string): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find(isPassphraseStanza);
      if (stanza === undefined) return null;
      if (stanzas.length !== 1) throw new Error("scrypt stanza is not the only one");
      const [, saltText = "", factorText = ""] = stanza.args;
      const salt = Buffer.from(saltText, "base64");
      const isSalt = salt.length === saltBytes && withoutPadding(salt) === saltText;
      if (stanza.args.length !== 3 || !isSalt || !/^[1-9][0-9]?$/.test(factorText)) {
        throw new Error("invalid scrypt stanza");
      }
      if (Number(factorText) > highestWorkFactor)
        throw new Error(`scrypt work factor is too high: at most ${highestWorkFactor}, found ${factorText}`);
      if (stanza.body.length !== fileKeyBytes + tagBytes) throw new Error("invalid scrypt stanza");
      return opened(stanza.body, await stretch(passphrase, salt, Number(factorText)));
    },
  };
}

/** Whether a file was encrypted with a passphrase. */
export function isPassphraseStanza(stanza: Stanza): boolean {
  return stanza.args[0] === "scrypt";
}

function opened(body: Uint8Array, key: Buffer): Uint8Array | null {
  const decipher = createDecipheriv(algorithm, key, zeroNonce, { authTagLength: tagBytes });
  decipher.setAuthTag(body.subarray(fileKeyBytes));
  const fileKey = decipher.update(body.subarray(0, fileKeyBytes));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return new Uint8Array(fileKey);
}

function stretch(passphrase: string, salt: Buffer, factor: number): Promise<Buffer> {
  const [cost, blockSize] = [2 ** factor, 8];
  const maxmem = 128 * blockSize * (cost + 16);
  return new Promise((resolve, reject) => {
    const fullSalt = Buffer.concat([label, salt]);
    scrypt(passphrase, fullSalt, 32, { N: cost, r: blockSize, p: 1, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function withoutPadding(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
