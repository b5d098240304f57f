import { UsageError } from "../errors.ts";
import { extract as runExtract, extractToStdout, listExtractable } from "../operations/extract/extract.ts";
import { accessByNeed } from "../operations/stores/archive-access.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { printable } from "../terminal/printable.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";
import type { ExtractFlags } from "./extract.command.ts";

/** `extract ARCHIVE [PATTERN...]`: the paths of the files that were written, a line each. */
export default async function extract(
  this: CommandContext,
  flags: ExtractFlags,
  archive: string,
  ...patterns: string[]
): Promise<void> {
  const { to, list, overwrite } = flags;
  const access = accessByNeed(flags.config, this, this.output, decryptionChoice(this, flags));
  const command = "extract";
  if (list) {
    if (to !== undefined) throw new UsageError("usage", "--list and --to exclude each other");
    const entries = await listExtractable({ archive, patterns }, access);
    const table = formatTable(
      [{ title: "SIZE", align: "right" }, { title: "ROWS", align: "right" }, { title: "NAME" }],
      entries.map(({ name, sizeBytes, rows }) => [
        formatBytes(sizeBytes),
        rows === undefined ? "-" : formatCount(rows),
        name,
      ]),
    );
    this.output.finish(
      { command, archive, entries: entries.map((one) => ({ ...one, rows: one.rows ?? null })) },
      table,
    );
    return;
  }
  if (to === undefined)
    throw new UsageError("no-target", "nothing says where to: --to is missing", {
      hints: [`${this.calledAs} extract ${archive} --to FOLDER`, `${this.calledAs} extract --list ${archive}`],
    });
  if (to === "-") {
    if (flags.json)
      throw new UsageError("json-to-stdout", "--json and the target - both write to the standard output", {
        hints: ["leave --json out, or name a folder"],
      });
    const { name, sizeBytes } = await extractToStdout({ archive, patterns }, access);
    this.output.note(`${printable(name)}: ${formatBytes(sizeBytes)}\n`);
    return;
  }
  const files = await runExtract({ archive, patterns, to, overwrite }, access);
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  this.output.note(`${formatCount(files.length)} files, ${formatBytes(bytes)}\n`);
  this.output.finish({ command, archive, files, bytes }, files.map(({ path }) => `${path}\n`).join(""));
}
