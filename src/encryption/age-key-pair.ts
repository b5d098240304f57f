/** A new key pair of age. */
export interface AgeKeyPair {
  /** The public key, `age1...`. */
  recipient: string;
  /** Text of an identity file as age-keygen writes it: two comments and the private key. */
  identityFile: string;
}

/**
 * Makes an X25519 key pair.
 * @param createdAt for the comment
 */
export async function makeAgeKeyPair(createdAt: Date): Promise<AgeKeyPair> {
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const created = createdAt.toISOString().replace(/\.\d+Z$/, "Z");
  return { recipient, identityFile: `# created: ${created}\n# public key: ${recipient}\n${identity}\n` };
}
