import type { EncryptionSettings } from "../../config/settings.ts";
import type { Finding } from "../../finding.ts";
import { UsageError } from "../../errors.ts";
import { chooseRecipients } from "../encryption/choose-recipients.ts";
import { chooseSignKey } from "../encryption/choose-sign-key.ts";

/** Whether backups can be encrypted and signed as configured; nothing where neither is. */
export async function checkEncryption(settings: EncryptionSettings, cwd: string): Promise<Finding[]> {
  const nothing = { recipients: [], recipientsFile: undefined, passphraseFile: undefined, noEncrypt: false };
  const findings = [
    await findingOf("encryption", async () => {
      const recipients = await chooseRecipients(nothing, settings, cwd);
      if (recipients === undefined) return undefined;
      if ("passphrase" in recipients) return "archives are encrypted with a passphrase";
      const { length } = recipients.keys;
      return `archives are encrypted for ${length} recipient${length === 1 ? "" : "s"}`;
    }),
    await findingOf("signature", async () =>
      (await chooseSignKey(undefined, settings, cwd)) === undefined ? undefined : "archives are signed",
    ),
  ];
  return findings.filter((finding) => finding !== undefined);
}

async function findingOf(check: string, look: () => Promise<string | undefined>): Promise<Finding | undefined> {
  try {
    const message = await look();
    return message === undefined ? undefined : { level: "ok", check, message };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [hint] = error.hints;
    return { level: "fail", check, message: error.message, ...(hint === undefined ? {} : { hint }) };
  }
}
