import { hostname } from "node:os";
import { UsageError } from "../errors.ts";
import { type Notice, blankFields, escapeJson, fillTemplate, unknownPlaceholders } from "../notifications/notice.ts";
import {
  type Channels,
  type MailSecurity,
  type MailSettings,
  type NoticeEvent,
  type WebhookSettings,
  noticeEvents,
} from "../notifications/settings.ts";
import { type OptionDefinition, type OptionReader, type ResolvedOption } from "./option-reader.ts";
import { ShownOptions } from "./shown-options.ts";
import { type ValueType, choiceType, integerType, listType, pathType, textType } from "./value-types.ts";

const section = "ngwbackup";

const addressType: ValueType<string> = {
  expected: "a mail address such as admin@example.org",
  parse: (text) => (/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(text) ? text : undefined),
};

const sample: Notice = { event: "failure", title: "", text: "", fields: blankFields };

const templateType: ValueType<string> = {
  expected: "JSON with placeholders such as {title} and {text}, all of them known",
  parse(text) {
    if (unknownPlaceholders(text).length > 0) return undefined;
    try {
      JSON.parse(fillTemplate(text, sample, escapeJson));
      return text;
    } catch {
      return undefined;
    }
  },
};

const urlType: ValueType<string> = {
  expected: "a URL that begins with https:// or http://, with known placeholders",
  parse(text) {
    if (unknownPlaceholders(text).length > 0) return undefined;
    const url = URL.parse(fillTemplate(text, sample, encodeURIComponent));
    return url !== null && ["https:", "http:"].includes(url.protocol) ? text : undefined;
  },
};

const eventsType = listType(choiceType<NoticeEvent>(...noticeEvents));
const defaultEvents = "failure, loss, age, recovery";

/** Options of `[ngwbackup]` for who is told, but for those of {@link namedChannelOptions}. */
export const notifyOptions = {
  ...receiverOptions("mail"),
  mailFrom: { section, option: "mail.from", type: addressType },
  mailHost: { section, option: "mail.host", type: textType, default: "localhost" },
  mailPort: { section, option: "mail.port", type: integerType(1, 65_535) },
  mailSecurity: { section, option: "mail.security", type: choiceType<MailSecurity>("tls", "starttls", "none") },
  mailUser: { section, option: "mail.user", type: textType },
  mailPassword: { section, option: "mail.password", type: textType, secret: true },
  mailPwfile: { section, option: "mail.pwfile", type: pathType },
  mailCa: { section, option: "mail.ca", type: pathType },
  ...webhookOptions("webhook"),
} satisfies Record<string, OptionDefinition<unknown>>;

/** @param prefix `mail`, or `mail.NAME` */
function receiverOptions(prefix: string) {
  return {
    mailTo: { section, option: `${prefix}.to`, type: listType(addressType) },
    mailOn: { section, option: `${prefix}.on`, type: eventsType, default: defaultEvents },
  } satisfies Record<string, OptionDefinition<unknown>>;
}

/** @param prefix `webhook`, or `webhook.NAME` */
function webhookOptions(prefix: string) {
  return {
    webhookUrl: { section, option: `${prefix}.url`, type: urlType, secret: true },
    webhookTemplate: { section, option: `${prefix}.template`, type: templateType },
    webhookToken: { section, option: `${prefix}.token`, type: textType, secret: true },
    webhookOn: { section, option: `${prefix}.on`, type: eventsType, default: defaultEvents },
  } satisfies Record<string, OptionDefinition<unknown>>;
}

/** What an environment variable can name, too: a further `__` there is a dot. */
const channelPattern = /^(mail|webhook)\.([a-z0-9]+(?:[_-][a-z0-9]+)*)\.[^.]+$/;

/** Prefixes of the further channels that are configured, `mail.NAME` and `webhook.NAME`, in the order of their names. */
function namedChannels(reader: OptionReader, kind: "mail" | "webhook"): string[] {
  const names = new Set<string>();
  for (const option of reader.optionsOf(section)) {
    const [, found, name] = channelPattern.exec(option) ?? [];
    if (found === kind && name !== undefined) names.add(`${kind}.${name}`);
  }
  return [...names].toSorted();
}

/** Options of the further channels whose names are configured. */
export function namedChannelOptions(reader: OptionReader): OptionDefinition<unknown>[] {
  return [
    ...namedChannels(reader, "mail").flatMap((prefix): OptionDefinition<unknown>[] =>
      Object.values(receiverOptions(prefix)),
    ),
    ...namedChannels(reader, "webhook").flatMap((prefix): OptionDefinition<unknown>[] =>
      Object.values(webhookOptions(prefix)),
    ),
  ];
}

const ports: Readonly<Record<MailSecurity, number>> = { tls: 465, starttls: 587, none: 25 };

const join = (items: readonly string[]): string => items.join(", ");

/**
 * Reads the options of who is told, and what to show of them.
 * @throws UsageError for a wrong value, a user without a password, a password that would go in the clear, or a named channel
 * without an address
 */
export function resolveChannels(
  reader: OptionReader,
  cwd: string,
): { channels: Channels; values: readonly ResolvedOption[] } {
  const shown = new ShownOptions(reader, cwd);
  const receivers = ["mail", ...namedChannels(reader, "mail")].flatMap((prefix) => readReceivers(shown, prefix));
  const server = readMailServer(shown, receivers.length > 0);
  const webhooks = ["webhook", ...namedChannels(reader, "webhook")].flatMap((prefix) => readWebhook(shown, prefix));
  return { channels: { mails: receivers.map((one) => ({ ...server, ...one })), webhooks }, values: shown.values };
}

function readReceivers(shown: ShownOptions, prefix: string): Pick<MailSettings, "option" | "to" | "on">[] {
  const options = receiverOptions(prefix);
  const to = shown.read(options.mailTo, join);
  const on = shown.read(options.mailOn, join)!;
  if (to === undefined && prefix !== "mail") throw withoutAddress(options.mailTo.option);
  return to === undefined ? [] : [{ option: prefix, to, on }];
}

function readWebhook(shown: ShownOptions, prefix: string): WebhookSettings[] {
  const options = webhookOptions(prefix);
  const settings = {
    option: prefix,
    template: shown.read(options.webhookTemplate),
    token: shown.read(options.webhookToken),
    on: shown.read(options.webhookOn, join)!,
  };
  const url = shown.read(options.webhookUrl);
  if (url === undefined && prefix !== "webhook") throw withoutAddress(options.webhookUrl.option);
  return url === undefined ? [] : [{ ...settings, url }];
}

/** A name of which only the rest is set is somebody who would never be told. */
function withoutAddress(option: string): UsageError {
  return new UsageError("channel-address", `[${section}] ${option} is not set, and other options of that name are`, {
    hints: ["set it, or take the others away"],
  });
}

/** The server that all mail goes by. @param isUsed whether anybody gets mail: only then does it have to make sense */
function readMailServer(shown: ShownOptions, isUsed: boolean): Omit<MailSettings, "option" | "to" | "on"> {
  const host = shown.read(notifyOptions.mailHost)!;
  const user = shown.read(notifyOptions.mailUser);
  const passwordPath = shown.readPath(notifyOptions.mailPwfile);
  const isLocal = ["localhost", "127.0.0.1", "::1"].includes(host);
  const security = shown.read(notifyOptions.mailSecurity) ?? (isLocal ? "none" : "starttls");
  const server = {
    host,
    security,
    port: shown.read(notifyOptions.mailPort) ?? ports[security],
    from: shown.read(notifyOptions.mailFrom) ?? `ngwbackup@${hostname()}`,
    caPath: shown.readPath(notifyOptions.mailCa),
  };
  const password = shown.read(notifyOptions.mailPassword);
  if (isUsed && user !== undefined && security === "none" && !isLocal)
    throw new UsageError("mail-in-the-clear", `[${section}] mail.user: its password would go to ${host} in the clear`, {
      hints: ["set mail.security to tls or starttls"],
    });
  if (isUsed && user !== undefined && password === undefined && passwordPath === undefined)
    throw new UsageError("mail-password", `[${section}] mail.user is set, and no password`, {
      hints: ["set mail.pwfile to a file that holds it, or mail.password"],
    });
  return { ...server, login: user === undefined ? undefined : { user, password, passwordPath } };
}
