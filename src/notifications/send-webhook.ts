import { AppError, messageOf } from "../errors.ts";
import { DeliveryError } from "./delivery-error.ts";
import { type Notice, escapeJson, fillTemplate, valuesOf } from "./notice.ts";
import type { WebhookSettings } from "./settings.ts";

const answerMs = 15_000;

/** The webhook for messages: without path and query, which may hold a token. */
export function nameWebhook({ option, url }: WebhookSettings): string {
  return `${option.replace(".", " ")} at ${new URL(url.replaceAll(/[{}]/g, "")).origin}`;
}

/**
 * Posts a notice as JSON. A redirection is a failure: the token is for the server that was named.
 * @throws DeliveryError when it is not accepted
 */
export async function sendWebhook(settings: WebhookSettings, notice: Notice): Promise<void> {
  const name = nameWebhook(settings);
  const { option, template, token } = settings;
  const body = template === undefined ? JSON.stringify(valuesOf(notice)) : fillTemplate(template, notice, escapeJson);
  // Half of a surrogate pair, as a hostile archive may have it, has no encoding.
  const url = fillTemplate(settings.url, notice, (text) => encodeURIComponent(text.toWellFormed()));
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "ngwbackup",
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(answerMs),
    });
  } catch (error) {
    // Nothing was sent: the message quotes what is wrong with the request, which are secrets.
    if (error instanceof TypeError && error.cause === undefined)
      throw new DeliveryError(`${name}: ${option}.url or ${option}.token cannot stand in a request`, false);
    throw new DeliveryError(`${name} cannot be reached: ${reasonOf(error)}`, true, error);
  }
  await response.body?.cancel().catch(() => undefined);
  if (response.ok) return;
  const mayPass = response.status >= 500 || [408, 425, 429].includes(response.status);
  throw new DeliveryError(`${name} answered ${response.status}`, mayPass);
}

/** `fetch` says no more than that it failed; what stands behind it does. */
function reasonOf(error: unknown): string {
  if (error instanceof AppError) return error.message;
  const cause = error instanceof Error ? error.cause : undefined;
  const behind = cause instanceof AggregateError ? cause.errors[0] : cause;
  return messageOf(behind ?? error);
}
