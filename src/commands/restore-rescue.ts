import { availableParallelism } from "node:os";
import type { Settings } from "../config/settings.ts";
import { ExitCode, UsageError } from "../errors.ts";
import { describeLoss } from "../operations/rescue/loss.ts";
import { leftOutName, lossesTextName } from "../operations/rescue/loss-list.ts";
import { type RescueOutcome, rescue } from "../operations/rescue/rescue.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";
import type { RestoreFlags } from "./restore.command.ts";

/** People read so many losses on a terminal; all of them stand in the folder. */
const mostShown = 100;

/** `restore ARCHIVE --rescue`. */
export async function rescueArchive(
  this: CommandContext,
  flags: RestoreFlags,
  settings: Settings,
  archive: string | undefined,
): Promise<void> {
  const others = [
    ["--in-place", flags.inPlace],
    ["--side-by-side", flags.sideBySide],
    ["--migrate", flags.migrate],
    ["--no-verify", flags.noVerify],
    ["--undo", flags.undo],
    ["--dry-run", flags.dryRun],
    ["--keep-previous", flags.keepPrevious !== undefined],
  ] as const;
  const other = others.find(([, isGiven]) => isGiven)?.[0];
  if (other !== undefined) throw new UsageError("rescue-alone", `--rescue and ${other} exclude each other`);
  if (archive === undefined)
    throw new UsageError("no-archive", "no archive given", { hints: [`${this.calledAs} restore --rescue ARCHIVE`] });
  const outcome = await rescue(
    {
      settings,
      archive,
      keys: decryptionChoice(this, flags),
      database: flags.rescueDatabase,
      folder: flags.rescueFolder,
      jobs: flags.jobs ?? settings.ngwbackup.jobs ?? Math.max(2, Math.min(8, availableParallelism())),
    },
    this,
    this.output,
  );
  report.call(this, outcome, archive);
}

function report(this: CommandContext, outcome: RescueOutcome, archive: string): void {
  const { losses, damages, folder, database, tables, rows, largeObjects, files, fileBytes, unnamed } = outcome;
  const shown = this.output.json ? losses : losses.slice(0, mostShown);
  for (const loss of shown) this.output.report({ type: "warning", code: "loss", message: describeLoss(loss), loss });
  if (shown.length < losses.length)
    this.output.report({
      type: "warning",
      code: "more-losses",
      message: `and ${formatCount(losses.length - shown.length)} more: ${folder}/${lossesTextName}`,
    });
  this.output.note(`${summaryLines(outcome).join("\n")}\n`);
  this.output.finish({
    command: "restore",
    rescue: true,
    archive,
    database: database ?? null,
    folder,
    tables,
    rows,
    largeObjects,
    files,
    fileBytes,
    unnamedFiles: unnamed,
    losses: losses.length,
    damages,
  });
  if (losses.length > 0) this.setExitCode(ExitCode.losses);
}

function summaryLines(outcome: RescueOutcome): string[] {
  const { losses, damages, folder, database, tables, rows, files, fileBytes } = outcome;
  const saved = `${formatCount(rows)} rows of ${formatCount(tables)} tables, ${formatCount(files)} files (${formatBytes(fileBytes)})`;
  const state =
    losses.length > 0
      ? `${formatCount(losses.length)} losses: ${folder}/${lossesTextName}`
      : damages.length > 0
        ? `nothing is lost, but the structure of the archive is damaged: ${folder}/damages.txt`
        : "nothing is lost: the archive is sound";
  const leftOut = losses.some(({ keptAs }) => keptAs === leftOutName);
  const lines = [`rescued ${saved}`, `  database ${database ?? "none"}`, `  folder ${folder}`, state];
  if (leftOut)
    lines.push(`statements that the server refused, to be run when their rows are mended: ${folder}/${leftOutName}`);
  if (database === undefined)
    return [
      ...lines,
      `hint: rows are COPY text in ${folder}/tables: \\copy TABLE from FILE in psql, into tables that another archive or release makes`,
    ];
  return [
    ...lines,
    `hint: look at it by a copy of config.ini with database.name = ${database} and sdir = ${folder} (and no path in [file_storage])`,
    ...(losses.length > 0
      ? ["hint: an older archive may hold what is lost: restore it with --rescue too, beside this one, and compare"]
      : ["hint: verify the next backup at once, and look at the disk that this archive was on"]),
  ];
}
