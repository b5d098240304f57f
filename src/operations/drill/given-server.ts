import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestHeader } from "../../archive/manifest.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { createError } from "../../disk-errors.ts";
import { AppError, messageOf, RefusedError } from "../../errors.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import { clearDeadDrills } from "../../postgres/drill/dead-drills.ts";
import {
  createDrillRole,
  type DrillOperator,
  markDrillDatabase,
  readDrillOperator,
} from "../../postgres/drill/make-drill.ts";
import { createLikeArchive, createLikeTemplate } from "../../postgres/drill/drill-database.ts";
import { drillSessionName, newDrillName } from "../../postgres/drill/drill-names.ts";
import { dropDrill } from "../../postgres/drill/drop-drill.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import type { Reporter } from "../../progress.ts";
import { describeOwner } from "../../run-owner.ts";
import { clearDeadTemporaries } from "../../stores/dead-temporaries.ts";
import { ownedTemporaryName } from "../../stores/temporary-names.ts";
import { type DrillServer, givenServerError } from "./drill-server.ts";

/** What {@link openGivenServer} needs. */
export interface GivenServerOptions {
  /** An existing folder, in which one for the files is made. */
  folder: string;
  /** Of the archive; undefined for one without a manifest. */
  header: ManifestHeader | undefined;
  /** The configured server, in a database of it that is not the instance's. */
  server: ConnectionSettings;
  settings: Settings;
  context: Context;
  reporter: Reporter;
}

/**
 * Refuses a given server when its connection goes to the instance's own database. A drill would not touch it, but whoever
 * configures this means something else than what a drill does.
 * @throws RefusedError
 */
export function refuseInstance({ database: instance, ngwbackup }: Settings): void {
  const { server } = ngwbackup.drill;
  if (server === undefined || server.database !== (instance.database ?? instance.env["PGDATABASE"])) return;
  throw new RefusedError(
    "drill-into-instance",
    `the drill's server at ${server.host} is given by database ${server.database}, which is the instance's own name`,
    { hints: ["name another database of that server, such as postgres: drill.database in section [ngwbackup]"] },
  );
}

/**
 * Makes an empty database on a server that others use, too: with a name of its own, a mark, and for a superuser a role of its own
 * that goes with it. Nothing else there is touched but what drills have left that are dead.
 * @throws RefusedError when the server is not there, or would not let us; AppError with the server's message
 */
export async function openGivenServer(options: GivenServerOptions): Promise<DrillServer> {
  const { server, context, reporter } = options;
  await clearDeadTemporaries(options.folder, { now: context.now(), pid: context.pid });
  const name = newDrillName();
  // It lives as long as the drill does, and tells others so.
  const control = await connect(server, { applicationName: drillSessionName(name) }).catch((error: unknown) => {
    throw givenServerError(error);
  });
  const folder = join(options.folder, ownedTemporaryName("drill", await describeOwner(context.pid)));
  let operator: DrillOperator | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= clear({ control, name, hasRole: operator?.isSuperuser === true, folder, server, reporter }));
  try {
    operator = await readDrillOperator(control);
    await clearDead(control, reporter);
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      throw createError(error, folder);
    });
    context.signal.throwIfAborted();
    const made = await makeDatabase(control, operator, name, options);
    context.signal.throwIfAborted();
    return { ...made, folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function clearDead(control: Client, reporter: Reporter): Promise<void> {
  try {
    for (const dropped of await clearDeadDrills(control))
      reporter.report({ type: "message", message: `dropped ${dropped}, which an earlier drill had left behind` });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    reporter.report({ type: "warning", code: "dead-drills", message: `${error.message}; the next drill tries again` });
  }
}

async function makeDatabase(
  control: Client,
  operator: DrillOperator,
  name: string,
  { server, header, settings, context }: GivenServerOptions,
): Promise<Omit<DrillServer, "folder" | "close">> {
  const now = context.now();
  const base = { admin: server, lender: undefined, template: undefined };
  if (operator.isSuperuser) {
    const password = randomBytes(24).toString("base64url");
    await createDrillRole(control, name, password, now);
    const notes = await createLikeArchive(control, name, name, header?.database);
    await markDrillDatabase(control, name, now);
    const database = { ...server, user: name, password, database: name };
    await tryRole(database);
    return { ...base, database, checks: database, lender: { ...server, database: name }, notes };
  }
  const { template } = settings.ngwbackup;
  const alike = template === undefined ? undefined : await createLikeTemplate(control, name, operator.role, template);
  const notes = alike ?? (await createLikeArchive(control, name, operator.role, header?.database));
  await markDrillDatabase(control, name, now);
  const database = { ...server, database: name };
  return { ...base, database, checks: database, template: alike === undefined ? undefined : template, notes };
}

/** Finds out before anything is restored whether the server's rules let the drill's role in. */
async function tryRole(database: ConnectionSettings): Promise<void> {
  try {
    const client = await connect(database);
    await client.end();
  } catch (error) {
    throw givenServerError(
      error,
      "let roles whose names begin with ngwbackup_drill_ in by pg_hba.conf of that server, with a password",
      "or name a role with CREATEDB that is no superuser: drill.user in section [ngwbackup]",
    );
  }
}

interface Cleared {
  control: Client;
  name: string;
  hasRole: boolean;
  folder: string;
  server: ConnectionSettings;
  reporter: Reporter;
}

/** A drill has come to its verdict, or not, before this: what stays behind is said, and the next drill takes it. */
async function clear({ control, name, hasRole, folder, server, reporter }: Cleared): Promise<void> {
  const attempt = async (what: string, action: () => Promise<unknown>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      const message = `${what}: ${messageOf(error)}; the next drill tries again`;
      reporter.report({ type: "warning", code: "drill-not-cleared", message });
    }
  };
  await attempt("the drill's database stays", async () => {
    // The other session may have been lost, and has to stay until nothing is left that others could take for a dead drill's.
    const client = await connect(server);
    try {
      await dropDrill(client, name, hasRole, true);
    } finally {
      await client.end().catch(() => undefined);
    }
  });
  await control.end().catch(() => undefined);
  await attempt(`folder ${folder} stays`, () => rm(folder, { recursive: true, force: true }));
}
