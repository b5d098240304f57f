import { createHash, createHmac, randomBytes } from "node:crypto";

/** A secret that nobody can guess, base64url. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a secret: who reads it cannot sign in with it. It is long enough to need neither salt nor slowness. */
export function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** The token against forgery of a session: known to whoever can read answers to it, telling nothing of its secret. */
export function csrfTokenOf(sessionSecret: string): string {
  return createHmac("sha256", sessionSecret).update("csrf").digest("base64url");
}
