import { detectApplication } from "../../applications/detect.ts";
import type { Settings } from "../../config/settings.ts";
import { AppError, BusyError, RefusedError, messageOf } from "../../errors.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import type { Reporter } from "../../progress.ts";
import { type InstanceName, instanceKey } from "./archive-facts.ts";

/** The configured instance, held off from backups and restores. */
export interface OwnInstance {
  /** Key by which its archives are known. */
  key: string;
  /**
   * To be called before each removal: a backup that has begun since may refer to what goes.
   * @throws AppError lock-lost when the session that held the lock is gone
   */
  check(): Promise<void>;
  /** Gives the lock back. */
  release(): Promise<void>;
}

/** How the configured instance is looked for. */
export interface OwnInstanceSearch {
  /** False: only looks. */
  isLocking: boolean;
  /** Whether somebody said whose archives are meant, so that a database which cannot be reached is only told. */
  isNamed: boolean;
}

/**
 * Looks which instance is configured, and takes the lock that it shares with backup and restore. Archives can be pruned where
 * there is no database, too: one that is not configured is not looked for.
 * @throws BusyError (exit 6) when a backup, a restore or another prune of it is at work; RefusedError instance-unknown when the
 * database cannot be reached and nobody said whose archives are meant: those that stand there may be another's
 */
export async function findOwnInstance(
  settings: Settings,
  reporter: Reporter,
  { isLocking, isNamed }: OwnInstanceSearch,
): Promise<OwnInstance | undefined> {
  if (!isDatabaseConfigured(settings)) return undefined;
  let client: Client | undefined;
  try {
    client = await connect(settings.database);
    const name = await nameOf(client);
    if (isLocking) await takeOperationLock(client);
    const held = client;
    return {
      key: instanceKey(name),
      async check() {
        try {
          await held.query("SELECT");
        } catch (error) {
          const message = `backups are not held off any more: ${messageOf(error)}`;
          throw new AppError("lock-lost", message, { cause: error, hints: ["prune again"] });
        }
      },
      // A session that is gone has given it back.
      release: () => held.end().catch(() => undefined),
    };
  } catch (error) {
    await client?.end().catch(() => undefined);
    if (error instanceof BusyError || !(error instanceof AppError)) throw error;
    const unknown = "the database cannot be asked which instance this is";
    if (!isNamed)
      throw new RefusedError("instance-unknown", `${unknown}: ${error.message}`, {
        cause: error,
        hints: [
          "prune when it can be reached",
          "or say whose archives are meant: --instance ID (list shows it), or --all-instances",
        ],
      });
    reporter.report({
      type: "message",
      message: `${unknown}, and no backup of it is held off: ${error.message}`,
    });
    return undefined;
  }
}

async function nameOf(client: Client): Promise<InstanceName> {
  const application = await detectApplication(client);
  const { rows } = await client.query<{ name: string }>("select pg_catalog.current_database() as name");
  return {
    instanceId: await application.instanceId(client),
    application: application.name,
    database: rows[0]?.name ?? "",
  };
}

/** Whether anything but defaults says where the database is: without it, whatever listens here is somebody else's. */
function isDatabaseConfigured({ values }: Settings): boolean {
  return values.some(({ option, source }) => option.startsWith("database.") && source !== "default");
}
