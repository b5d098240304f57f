import { UsageError } from "../errors.ts";
import { nameTarget } from "../operations/backup/target.ts";
import { consolidate as runConsolidate } from "../operations/consolidate/consolidate.ts";
import { chooseRecipients } from "../operations/encryption/choose-recipients.ts";
import { chooseSignKey } from "../operations/encryption/choose-sign-key.ts";
import { accessByNeed } from "../operations/stores/archive-access.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import type { ConsolidateFlags } from "./archive.commands.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";

/** `consolidate ARCHIVE [TARGET]`: prints the new archive's path and nothing else on stdout. */
export default async function consolidate(
  this: CommandContext,
  flags: ConsolidateFlags,
  archive: string,
  target?: string,
): Promise<void> {
  if (flags.json && target === "-")
    throw new UsageError("json-to-stdout", "--json and the target - both write to the standard output", {
      hints: ["leave --json out, or name a file"],
    });
  const { compression, level, overwrite } = flags;
  const access = accessByNeed(flags.config, this, this.output, decryptionChoice(this, flags));
  const { encryption } = (await access.load()).ngwbackup;
  const { recipient: recipients, recipientsFile, noEncrypt } = flags;
  // The passphrase file of the command line is that of the archive which is read.
  const choice = { recipients, recipientsFile, noEncrypt, passphraseFile: undefined };
  const result = await runConsolidate(
    {
      archive,
      target,
      compression,
      level,
      overwrite,
      encryptFor: await chooseRecipients(choice, encryption, this.cwd),
      mayBePlain: noEncrypt,
      signKey: await chooseSignKey(flags.signKey, encryption, this.cwd),
    },
    access,
  );
  const path = nameTarget(result.target);
  const { base, sizeBytes, tables, rows, blobs } = result;
  this.output.note(
    `${formatCount(tables)} tables, ${formatCount(rows)} rows, ${formatCount(blobs)} blobs in an archive of ${formatBytes(sizeBytes)} that refers to no other\n`,
  );
  this.output.finish(
    { command: "consolidate", archive, path, base, sizeBytes, tables, rows, blobs },
    result.target.kind === "stdout" ? undefined : `${path}\n`,
  );
}
