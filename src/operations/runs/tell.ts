import type { Notice } from "../../notifications/notice.ts";
import type { Channels } from "../../notifications/settings.ts";
import type { Reporter } from "../../progress.ts";

/** Sends a notice; one that is not taken is a warning. */
export async function tell(channels: Channels, notice: Notice, reporter: Reporter): Promise<void> {
  if (channels.mail === undefined && channels.webhook === undefined) return;
  // Mail has a library of its own, which most runs do without.
  const { deliver } = await import("../../notifications/deliver.ts");
  for (const { error } of await deliver(channels, notice)) {
    if (error === undefined) continue;
    reporter.report({ type: "warning", code: error.code, message: `a notification was not sent: ${error.message}` });
  }
}
