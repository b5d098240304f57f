import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const iterations = 4096;

/**
 * What a server keeps of a password (RFC 5803): with it in the place of the password, neither the statement nor the server's log
 * shows the password itself. Only for passwords of ASCII characters, which need no preparation.
 */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const keyOf = (label: string): Buffer => createHmac("sha256", salted).update(label).digest();
  const storedKey = createHash("sha256").update(keyOf("Client Key")).digest();
  const keys = [storedKey, keyOf("Server Key")].map((key) => key.toString("base64"));
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${keys.join(":")}`;
}
