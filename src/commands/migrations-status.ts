import { loadSettings } from "../config/settings.ts";
import { archiveFit } from "../migrations/fit.ts";
import { renderStatus, statusWarnings } from "../migrations/status.ts";
import { archiveMigrations, databaseMigrations, upgradeCommand } from "../operations/migration-status.ts";
import { accessWith } from "../operations/stores/archive-access.ts";
import { printable } from "../terminal/printable.ts";
import type { CommandContext } from "./command.ts";
import type { DecryptFlags } from "./decrypt-flags.ts";
import { decryptionChoice } from "./decryption-choice.ts";

/** `migrations status [ARCHIVE]`: applied migrations of the database or an archive against the installed application. */
export default async function migrationsStatus(
  this: CommandContext,
  flags: DecryptFlags,
  archive?: string,
): Promise<void> {
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const { application, status } =
    archive === undefined
      ? await databaseMigrations(settings, this)
      : await archiveMigrations(archive, accessWith(settings, this, this.output, decryptionChoice(this, flags)));
  for (const message of statusWarnings(status)) this.output.report({ type: "warning", code: "migrations", message });
  this.output.note(`${verdict(status.pending.length, archive)}\n`);
  const { pending, applied, unknown, missingComponents, notInstalled } = status;
  this.output.finish(
    {
      command: "migrations status",
      archive: archive ?? null,
      application: { version: application.version ?? null, source: application.source },
      fit: archiveFit(status),
      pending: pending.map(({ component, revision, message }) => ({ component, revision, message: message ?? null })),
      applied: applied.length,
      unknown,
      missingComponents,
      notInstalled,
    },
    renderStatus(status)
      .map((line) => `${printable(line)}\n`)
      .join(""),
  );
}

function verdict(pending: number, archive: string | undefined): string {
  const what = archive === undefined ? "the database" : "the archive";
  if (pending === 0) return `${what} lacks no migration of the installed application`;
  const count = `${pending} migration${pending === 1 ? "" : "s"}`;
  return archive === undefined
    ? `${count} pending; to apply: ${upgradeCommand}`
    : `${count} would be pending after a restore: restore --migrate applies what is pending`;
}
