import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { databaseMigrations } from "../migration-status.ts";

/**
 * Migrations that the restored database lacks against the installed application; undefined when no application can be
 * asked, which the plan has told already.
 */
export async function pendingMigrations(settings: Settings, context: Context): Promise<readonly string[] | undefined> {
  try {
    const { status } = await databaseMigrations(settings, context);
    return status.pending.map(({ component, revision, message }) => `${component}:${revision}  ${message}`);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
