import { hostname } from "node:os";
import type { Settings } from "../../config/settings.ts";
import { UsageError } from "../../errors.ts";
import { type Delivery, deliver } from "../../notifications/deliver.ts";
import { blankFields } from "../../notifications/notice.ts";
import { isEmpty } from "../../notifications/settings.ts";
import { toolVersion } from "../../version.ts";

/**
 * Sends a notification by every channel, whatever it wants to know of.
 * @param who says who wanted it, a sentence
 * @throws UsageError no-channel when none is configured
 */
export async function sendTestNotice({ runs, database }: Settings, now: Date, who: string): Promise<Delivery[]> {
  const { channels } = runs;
  if (isEmpty(channels))
    throw new UsageError(
      "no-channel",
      "nobody is to be told: neither mail.to nor webhook.url is configured, nor one with a name",
      { hints: ["set one of them in section [ngwbackup] of the configuration"] },
    );
  const host = hostname();
  return await deliver(
    channels,
    {
      event: "success",
      title: `ngwbackup: a test from ${host}`,
      text: `${who} Notifications arrive.`,
      fields: {
        ...blankFields,
        command: "notify",
        state: "done",
        host,
        database: database.database ?? "",
        started_at: now.toISOString(),
        version: toolVersion,
      },
    },
    true,
  );
}
