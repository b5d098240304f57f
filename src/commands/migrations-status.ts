import { AppError } from "../errors.ts";
import type { CommandContext, CommonFlags } from "./command.ts";

/** Stands in until the command is written. */
export default async function migrationsStatus(
  this: CommandContext,
  _flags: CommonFlags,
  _archive?: string,
): Promise<void> {
  throw new AppError("not-written", "migrations-status is not written yet");
}
