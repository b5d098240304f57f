import type { Notice } from "../../notifications/notice.ts";
import { type Channels, isEmpty } from "../../notifications/settings.ts";
import type { Reporter } from "../../progress.ts";

/**
 * Sends a notice; a channel that does not take it is a warning.
 * @returns false when channels wanted it, and none has taken it
 */
export async function tell(channels: Channels, notice: Notice, reporter: Reporter): Promise<boolean> {
  if (isEmpty(channels)) return true;
  // Mail has a library of its own, which most runs do without.
  const { deliver } = await import("../../notifications/deliver.ts");
  const deliveries = await deliver(channels, notice);
  for (const { error } of deliveries) {
    if (error === undefined) continue;
    reporter.report({ type: "warning", code: error.code, message: `a notification was not sent: ${error.message}` });
  }
  return deliveries.length === 0 || deliveries.some(({ error }) => error === undefined);
}
