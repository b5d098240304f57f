import type { Finding } from "../finding.ts";
import { revisionKey } from "./migration.ts";
import type { MigrationStatus } from "./status.ts";

/**
 * Whether an archive fits the installed application: `same`; `older`, so that migrations are pending; `newer`, so that it
 * holds revisions or components which the installation does not know; `diverged`, both at once.
 */
export type ArchiveFit = "same" | "older" | "newer" | "diverged";

/** Says how the archive that a status was made of stands to the installed application. */
export function archiveFit(status: MigrationStatus): ArchiveFit {
  const older = status.pending.length > 0;
  const newer = status.unknown.length > 0 || status.missingComponents.length > 0;
  if (older) return newer ? "diverged" : "older";
  return newer ? "newer" : "same";
}

/**
 * The fit as findings of a restore's preflight. Nothing here refuses a restore: the application itself takes unknown
 * revisions with a warning only, and pending ones are applied afterwards.
 * @param upgradeCommand what applies pending migrations, for the hint
 */
export function fitFindings(status: MigrationStatus, upgradeCommand: string): Finding[] {
  const findings: Finding[] = [];
  if (status.pending.length > 0)
    findings.push({
      level: "warn",
      check: "migrations",
      message: `the archive is older than the installed application: ${count(status.pending.length, "migration")} to apply after the restore`,
      details: status.pending.map((migration) => `${revisionKey(migration)}  ${migration.message ?? ""}`.trimEnd()),
      hint: `restore with --migrate, or run afterwards: ${upgradeCommand}`,
    });
  if (status.unknown.length > 0)
    findings.push({
      level: "warn",
      check: "migrations",
      message: `the archive is newer than the installed application, which does not know ${count(status.unknown.length, "revision")}`,
      details: status.unknown.map(revisionKey),
      hint: "install the release of the application that the archive was made with, or a newer one",
    });
  if (status.missingComponents.length > 0)
    findings.push({
      level: "warn",
      check: "components",
      message: `the installed application lacks components of the archive: ${status.missingComponents.join(", ")}`,
      hint: "install the packages that these components belong to",
    });
  for (const { migration, by } of status.blocked)
    findings.push({
      level: "warn",
      check: "migrations",
      message: `${revisionKey(migration)} can no longer be applied, because ${by} already is`,
    });
  if (findings.length === 0)
    findings.push({
      level: "ok",
      check: "migrations",
      message: "the archive has all migrations of the installed application and no others",
    });
  return findings;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
