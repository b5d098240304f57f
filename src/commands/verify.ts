import { resolve } from "node:path";
import { readSignerKey } from "../encryption/signature.ts";
import { ExitCode } from "../errors.ts";
import { latestArchive } from "../operations/list/latest-archive.ts";
import { latestName } from "../operations/list/latest-name.ts";
import { standBack } from "../operations/stand-back.ts";
import { accessByNeed } from "../operations/stores/archive-access.ts";
import { verifyPath } from "../operations/verify/verify-path.ts";
import { formatCount } from "../terminal/format.ts";
import { printable } from "../terminal/printable.ts";
import type { VerifyFlags } from "./archive.commands.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";

/** `verify ARCHIVE...`: a line an archive, all of them, whatever is wrong with one. */
export default async function verify(this: CommandContext, flags: VerifyFlags, ...archives: string[]): Promise<void> {
  // Without it no configuration is read: an archive is checked anywhere.
  const access = accessByNeed(flags.config, this, this.output, decryptionChoice(this, flags));
  const nice = flags.nice ? (await access.load()).ngwbackup.nice : undefined;
  const signer =
    flags.signer === undefined
      ? undefined
      : { path: flags.signer, key: await readSignerKey(resolve(this.cwd, flags.signer), "--signer") };
  await standBack(nice, this, this.output);
  const lines: string[] = [];
  const results: Record<string, unknown>[] = [];
  let exitCode: number = ExitCode.done;
  for (const given of archives) {
    const archive = given === latestName ? await latestArchive(access) : given;
    const { problems, exitCode: code } = await verifyPath(archive, { threads: nice?.jobs, signer }, access);
    exitCode = Math.max(exitCode, code);
    lines.push(
      ...(problems.length === 0
        ? [`ok ${archive}`]
        : problems.map((problem) => `bad ${archive}: ${printable(problem)}`)),
    );
    results.push({ archive, ok: problems.length === 0, problems });
  }
  const bad = results.filter(({ ok }) => ok !== true).length;
  if (archives.length > 1)
    this.output.note(`${formatCount(archives.length - bad)} of ${formatCount(archives.length)} archives are sound\n`);
  this.output.finish({ command: "verify", archives: results }, `${lines.join("\n")}\n`);
  if (exitCode !== ExitCode.done) this.setExitCode(exitCode);
}
