import { detectApplication } from "../../applications/detect.ts";
import type { Context } from "../../context.ts";
import type { Finding } from "../../finding.ts";
import { connect } from "../../postgres/connection.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { checkForeignKeys, checkGeometries, checkIndexes, checkRows } from "./check-database.ts";
import { checkBlobRows, checkBlobs } from "./check-files.ts";
import { type DrillCheck, looked, skipped } from "./drill-check.ts";
import type { DrillPlace } from "./drill-place.ts";
import type { DrillRequest } from "./drill.ts";
import { lendAmcheck } from "./lend-amcheck.ts";
import { ownCheckEnvironment } from "./own-check-environment.ts";
import { runOwnCheck } from "./own-check.ts";

/** What {@link runChecks} needs. */
export interface RunChecksOptions {
  contents: ArchiveContents;
  place: DrillPlace;
  request: DrillRequest;
  /** Of the restore's own plan. */
  findings: readonly Finding[];
  context: Context;
}

/** Looks at a restored instance from every side. Nothing of it is changed but for `amcheck`, an extension of the server's. */
export async function runChecks(
  options: RunChecksOptions,
): Promise<{ checks: DrillCheck[]; notChecked: readonly string[] }> {
  const { contents, place, request, context } = options;
  const { settings } = request;
  const checks: DrillCheck[] = [];
  await lendAmcheck(place);
  const client = await connect(place.checks, { applicationName: "ngwbackup drill" });
  const end = (): void => void client.end().catch(() => undefined);
  // A query over a large table would keep us from stopping.
  context.signal.addEventListener("abort", end, { once: true });
  try {
    checks.push(await checkRows(client, contents.manifest));
    checks.push(await checkForeignKeys(client));
    checks.push(await checkIndexes(client));
    checks.push(await checkGeometries(client));
    checks.push(await checkBlobRows(client, await detectApplication(client), place.blobFolder, contents));
  } finally {
    context.signal.removeEventListener("abort", end);
    await client.end().catch(() => undefined);
  }
  checks.push(await checkBlobs(contents, place.blobFolder, context.signal));
  checks.push(ofMigrations(options.findings));
  const { command, timeoutMs } = settings.ngwbackup.drill;
  const env = ownCheckEnvironment(context.env, place.configPath);
  checks.push(await runOwnCheck({ command, timeoutMs, env, cwd: context.cwd, signal: context.signal }));
  const left = checks.filter(({ state }) => state === "skipped").map(({ message }) => message);
  return { checks, notChecked: [...left, "whether the application starts with it, and what it looks like to users"] };
}

/** Pending migrations, and those of a newer release, are no fault of the archive's: what they ask for is said. */
function ofMigrations(findings: readonly Finding[]): DrillCheck {
  const check = "migrations";
  const unknown = findings.find((finding) => finding.check === "installed-application");
  if (unknown !== undefined) return skipped(check, unknown.message);
  const messages = findings.filter((finding) => finding.check === check).map(({ message }) => message);
  if (messages.length === 0) return skipped(check, "migrations are not compared: the archive keeps none");
  return looked(check, messages.join("; "), []);
}
