import { resolve } from "node:path";
import type { EncryptionSettings } from "../../config/settings.ts";
import { readPasswordFile } from "../../config/password-file.ts";
import { type AgeRecipients, checkRecipient, readRecipientsFile } from "../../encryption/recipients.ts";
import { UsageError } from "../../errors.ts";

/** What the command line says about encrypting; it counts instead of the configuration, all of it, when it says anything. */
export interface EncryptionChoice {
  recipients: readonly string[];
  recipientsFile: string | undefined;
  passphraseFile: string | undefined;
  /** Not at all, whatever is configured. */
  noEncrypt: boolean;
}

/**
 * For whom an archive is encrypted.
 * @param cwd relative paths of the command line count from it
 * @returns undefined: for nobody, it stays plain
 * @throws UsageError for keys that are none, files that cannot be read, and keys together with a passphrase
 */
export async function chooseRecipients(
  choice: EncryptionChoice,
  settings: EncryptionSettings,
  cwd: string,
): Promise<AgeRecipients | undefined> {
  const { recipients, recipientsFile, passphraseFile, noEncrypt } = choice;
  const isSaid = recipients.length > 0 || recipientsFile !== undefined || passphraseFile !== undefined;
  if (noEncrypt) {
    if (!isSaid) return undefined;
    throw new UsageError("no-encrypt", "--no-encrypt and what encrypts (--recipient...) exclude each other");
  }
  if (isSaid)
    return await resolveRecipients(
      { recipients, recipientsFile: absolute(cwd, recipientsFile), passphraseFile: absolute(cwd, passphraseFile) },
      { recipients: "--recipient", recipientsFile: "--recipients-file", passphraseFile: "--passphrase-file" },
    );
  return await resolveRecipients(settings, {
    recipients: "[ngwbackup] encrypt.recipients",
    recipientsFile: "[ngwbackup] encrypt.recipients_file",
    passphraseFile: "[ngwbackup] encrypt.passphrase_file",
  });
}

type Sources = Pick<EncryptionSettings, "recipients" | "recipientsFile" | "passphraseFile">;

async function resolveRecipients(
  { recipients = [], recipientsFile, passphraseFile }: Sources,
  names: Record<keyof Sources, string>,
): Promise<AgeRecipients | undefined> {
  const keys: string[] = [];
  for (const recipient of recipients) keys.push(await checkRecipient(recipient, names.recipients));
  if (recipientsFile !== undefined) keys.push(...(await readRecipientsFile(recipientsFile, names.recipientsFile)));
  if (passphraseFile === undefined) return keys.length === 0 ? undefined : { keys: [...new Set(keys)] };
  if (keys.length > 0)
    throw new UsageError(
      "recipients-and-passphrase",
      `${names.passphraseFile} and ${recipients.length > 0 ? names.recipients : names.recipientsFile} exclude each other: age allows a passphrase only alone`,
    );
  return { passphrase: await readPasswordFile(passphraseFile, names.passphraseFile) };
}

function absolute(cwd: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(cwd, path);
}
