import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Notice } from "./notice.ts";
import { nameMail, sendMail } from "./send-mail.ts";
import { nameWebhook, sendWebhook } from "./send-webhook.ts";
import type { Channels, NoticeEvent } from "./settings.ts";

/** What became of a notice on one channel. */
export interface Delivery {
  kind: "mail" | "webhook";
  /** What the options of the channel begin with. */
  option: string;
  /** The channel, for messages. */
  name: string;
  /** Why it was not taken; undefined when it was. */
  error: DeliveryError | undefined;
}

/** Before the second try, and so on. */
const pausesMs: readonly number[] = [1_000, 4_000];

/**
 * Sends a notice by every channel that wants to know of its event, all at the same time; one that fails in passing is tried
 * again, and keeps no other from being told.
 * @param toAll sends it whatever a channel wants to know of
 */
export async function deliver({ mails, webhooks }: Channels, notice: Notice, toAll = false): Promise<Delivery[]> {
  const isTold = ({ on }: { on: readonly NoticeEvent[] }): boolean => toAll || on.includes(notice.event);
  return await Promise.all([
    ...mails.filter(isTold).map(async (mail): Promise<Delivery> => {
      const name = nameMail(mail);
      return {
        kind: "mail",
        option: mail.option,
        name,
        error: await sendPatiently(name, () => sendMail(mail, notice)),
      };
    }),
    ...webhooks.filter(isTold).map(async (webhook): Promise<Delivery> => {
      const name = nameWebhook(webhook);
      const error = await sendPatiently(name, () => sendWebhook(webhook, notice));
      return { kind: "webhook", option: webhook.option, name, error };
    }),
  ]);
}

async function sendPatiently(name: string, send: () => Promise<void>): Promise<DeliveryError | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      await send();
      return undefined;
    } catch (error) {
      // Whatever it is, it must not become a failure of the run that is told of.
      const failed = error instanceof DeliveryError ? error : new DeliveryError(`${name}: ${messageOf(error)}`, false);
      const pauseMs = pausesMs[tries];
      if (!failed.mayPass || pauseMs === undefined) return failed;
      await sleep(pauseMs);
    }
  }
}
