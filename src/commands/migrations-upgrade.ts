import { AppError } from "../errors.ts";
import type { CommandContext } from "./command.ts";
import type { MigrationsUpgradeFlags } from "./instance.commands.ts";

/** Stands in until the command is written. */
export default async function migrationsUpgrade(this: CommandContext, _flags: MigrationsUpgradeFlags): Promise<void> {
  throw new AppError("not-written", "migrations-upgrade is not written yet");
}
