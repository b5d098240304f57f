import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "../errors.ts";

/** For whom an archive is encrypted: public keys, or a passphrase, never both (age allows a passphrase only alone). */
export type AgeRecipients =
  | {
      /** `age1...`, at least one. */
      keys: readonly string[];
    }
  | { passphrase: string };

/**
 * Checks a public key.
 * @param setAt option or place that names it, for messages
 * @throws UsageError recipient
 */
export async function checkRecipient(text: string, setAt: string): Promise<string> {
  if (text.startsWith("AGE-SECRET-KEY-"))
    throw new UsageError("recipient", `${setAt}: expected a public key, found a private one`, {
      hints: ["the public key stands in the identity file's comment, and begins with age1"],
    });
  if (text.startsWith("ssh-"))
    throw new UsageError(
      "recipient",
      `${setAt}: expected a recipient age1..., found an SSH key, which is not supported`,
      {
        hints: ["ngwbackup keygen -o FILE makes a key pair"],
      },
    );
  const { Encrypter } = await import("age-encryption");
  try {
    new Encrypter().addRecipient(text);
  } catch (error) {
    const shown = text.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 80);
    throw new UsageError("recipient", `${setAt}: expected a recipient age1..., found ${shown}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return text;
}

/**
 * Reads public keys from a file as `age -R` does: one a line, with empty lines and comments (`#`) between them.
 * @param path absolute
 * @throws UsageError recipient, recipients-file
 */
export async function readRecipientsFile(path: string, setAt: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError("recipients-file", `${setAt}: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  const recipients: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    recipients.push(await checkRecipient(trimmed, `${path}, line ${index + 1}`));
  }
  if (recipients.length === 0)
    throw new UsageError("recipients-file", `${setAt}: expected recipients age1... in ${path}, found none`);
  return recipients;
}
