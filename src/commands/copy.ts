import { UsageError } from "../errors.ts";
import { copyArchive } from "../operations/copy/copy-archive.ts";
import { accessByNeed } from "../operations/stores/archive-access.ts";
import { formatBytes } from "../terminal/format.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";
import type { CopyFlags } from "./copy.command.ts";

/** `copy FROM TO`: prints the copy's path or URL and nothing else on stdout. */
export default async function copy(this: CommandContext, flags: CopyFlags, from: string, to: string): Promise<void> {
  if (flags.json && to === "-")
    throw new UsageError("json-to-stdout", "--json and the target - both write to the standard output", {
      hints: ["leave --json out, or name a file"],
    });
  const access = accessByNeed(flags.config, this, this.output, decryptionChoice(this, flags));
  const { path, sizeBytes, sha256, verified } = await copyArchive(
    {
      from,
      to,
      overwrite: flags.overwrite,
      isVerified: !flags.noVerify,
      isDecrypted: flags.identity.length > 0 || flags.passphraseFile !== undefined,
    },
    access,
  );
  this.output.note(`${formatBytes(sizeBytes)}${verified ? ", read back" : ""}\n`);
  this.output.finish(
    { command: "copy", from, path, sizeBytes, sha256, verified },
    path === "-" ? undefined : `${path}\n`,
  );
}
