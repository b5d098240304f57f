import { availableParallelism } from "node:os";
import { loadSettings, type Settings } from "../config/settings.ts";
import { AppError, UsageError } from "../errors.ts";
import { aroundService } from "../operations/restore/around-service.ts";
import { dropKept } from "../operations/restore/drop-kept.ts";
import { upgradeAfterRestore } from "../operations/migration-upgrade.ts";
import { upgradeCommand } from "../operations/migration-status.ts";
import { pendingMigrations } from "../operations/restore/pending-migrations.ts";
import { type RestoreOutcome, restore as runRestore } from "../operations/restore/restore.ts";
import { undoRestore } from "../operations/restore/undo.ts";
import { canAsk, confirm } from "../terminal/confirm.ts";
import { formatBytes, formatCount, formatTime } from "../terminal/format.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";
import { rescueArchive } from "./restore-rescue.ts";
import type { RestoreFlags } from "./restore.command.ts";
import { formatPlan } from "./restore-plan-text.ts";

/** `restore ARCHIVE`, `restore --undo`, and `restore --keep-previous 0` alone, which drops what is kept. */
export default async function restore(this: CommandContext, flags: RestoreFlags, archive?: string): Promise<void> {
  const { service } = flags;
  if (service === undefined || flags.dryRun) return await run.call(this, flags, archive);
  if (flags.rescue) throw new UsageError("rescue-alone", "--rescue and --service exclude each other");
  const options = { service, isVerified: !flags.noVerify, context: this, reporter: this.output };
  await aroundService(options, () => run.call(this, flags, archive));
}

async function run(this: CommandContext, flags: RestoreFlags, archive?: string): Promise<void> {
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  if (flags.rescue) return await rescueArchive.call(this, flags, settings, archive);
  if (flags.rescueDatabase !== undefined || flags.rescueFolder !== undefined)
    throw new UsageError("rescue-only", "--rescue-database and --rescue-folder belong to --rescue");
  if (flags.undo) return await undo.call(this, settings, archive);
  if (archive === undefined) {
    if (flags.keepPrevious === 0) return await drop.call(this, settings);
    throw new UsageError("no-archive", "no archive given", { hints: [`${this.calledAs} restore ARCHIVE`] });
  }
  if (flags.inPlace && flags.sideBySide)
    throw new UsageError("two-ways", "--in-place and --side-by-side exclude each other");
  const interactive = !flags.yes && !flags.json && canAsk(this) && archive !== "-";
  const outcome = await runRestore(
    {
      settings,
      archive,
      keys: decryptionChoice(this, flags),
      way: flags.inPlace ? "in-place" : flags.sideBySide ? "side-by-side" : undefined,
      jobs: flags.jobs ?? settings.ngwbackup.jobs ?? Math.max(2, Math.min(8, availableParallelism())),
      verify: !flags.noVerify,
      dryRun: flags.dryRun,
      keepPreviousMs: flags.keepPrevious ?? settings.ngwbackup.keepPreviousMs,
      confirm: async (plan) => {
        this.output.note(formatPlan(plan));
        return interactive ? await confirm(this, `replace database ${plan.database} and its files?`) : true;
      },
    },
    this,
    this.output,
  );
  await report.call(this, outcome, flags, settings, archive);
}

async function report(
  this: CommandContext,
  { plan, result }: RestoreOutcome,
  flags: RestoreFlags,
  settings: Settings,
  archive: string,
): Promise<void> {
  const summary = { command: "restore", archive, way: plan.way, database: plan.database };
  if (flags.dryRun) {
    this.output.note(formatPlan(plan));
    const failed = plan.findings.filter(({ level }) => level === "fail");
    const { findings, definedTables, rows, files, fileBytes, snapshotAt, present } = plan;
    this.output.finish({
      ...summary,
      dryRun: true,
      possible: failed.length === 0,
      snapshotAt: snapshotAt ?? null,
      tables: definedTables,
      rows: rows ?? null,
      files,
      fileBytes,
      pendingMigrations: plan.pendingMigrations ?? null,
      present: present ?? null,
      findings,
    });
    if (failed.length > 0) this.setExitCode(4);
    return;
  }
  if (result === undefined) throw new AppError("not-confirmed", "not confirmed: nothing was changed");
  const { staged, removed, keptUntil, notes } = result;
  this.output.note(
    [
      `restored ${plan.database} ${plan.way === "in-place" ? "in place" : "side by side"}: ${formatCount(plan.tables)} tables, ${formatCount(staged.staged + staged.reused)} files (${formatBytes(staged.stagedBytes)} written, ${formatCount(staged.reused)} kept as they were, ${formatCount(removed)} moved away)`,
      ...notes,
      keptUntil === undefined
        ? "the previous state was not kept"
        : `the previous state is kept until ${formatTime(keptUntil)}: ${this.calledAs} restore --undo brings it back`,
      "",
    ].join("\n"),
  );
  const pending = (await pendingMigrations(settings, this)) ?? [];
  if (pending.length > 0) this.output.note(pendingText(pending));
  if (flags.migrate) await upgradeAfterRestore(settings, this, this.stderr);
  this.output.finish({
    ...summary,
    ...staged,
    removed,
    keptUntil: keptUntil?.toISOString() ?? null,
    pendingMigrations: flags.migrate ? 0 : pending.length,
  });
  if (flags.service === undefined)
    this.output.note(`start the service again: systemctl start ${settings.ngwbackup.service}\n`);
}

function pendingText(pending: readonly string[]): string {
  const many = pending.length === 1 ? "1 migration is pending" : `${pending.length} migrations are pending`;
  return [
    `${many}: ${upgradeCommand} applies ${pending.length === 1 ? "it" : "them"}`,
    ...pending.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

async function undo(this: CommandContext, settings: Settings, archive: string | undefined): Promise<void> {
  if (archive !== undefined) throw new UsageError("undo-archive", "--undo takes no archive");
  const state = await undoRestore(settings, this, this.output);
  this.output.note(`brought back the state from before the restore of ${formatTime(state.createdAt)}\n`);
  this.output.finish({ command: "restore", undone: state.runId });
}

async function drop(this: CommandContext, settings: Settings): Promise<void> {
  const dropped = await dropKept(settings, this, this.output);
  this.output.note(dropped === 0 ? "no previous state is kept\n" : "dropped the previous state\n");
  this.output.finish({ command: "restore", dropped });
}
