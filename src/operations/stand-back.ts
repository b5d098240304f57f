import type { Context } from "../context.ts";
import { type LowerPriority, lowerPriority } from "../processes/lower-priority.ts";
import type { Reporter } from "../progress.ts";

/** Lets others go first, where that is asked for; that it cannot be done is told, and no reason to do without the work. */
export async function standBack(
  priority: LowerPriority | undefined,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  if (priority === undefined) return;
  const message = await lowerPriority(priority, context);
  if (message !== undefined) reporter.report({ type: "warning", code: "priority", message });
}
