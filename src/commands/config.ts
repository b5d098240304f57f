import { AppError } from "../errors.ts";
import type { CommandContext, CommonFlags } from "./command.ts";

/** Stands in until the command is written. */
export default async function config(this: CommandContext, _flags: CommonFlags): Promise<void> {
  throw new AppError("not-written", "config is not written yet");
}
