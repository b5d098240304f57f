import { hostname } from "node:os";
import { UsageError } from "../errors.ts";
import { type Notice, blankFields, escapeJson, fillTemplate, unknownPlaceholders } from "../notifications/notice.ts";
import {
  type Channels,
  type MailSecurity,
  type MailSettings,
  type NoticeEvent,
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

/** Options of `[ngwbackup]` for who is told. */
export const notifyOptions = {
  mailTo: { section, option: "mail.to", type: listType(addressType) },
  mailFrom: { section, option: "mail.from", type: addressType },
  mailHost: { section, option: "mail.host", type: textType, default: "localhost" },
  mailPort: { section, option: "mail.port", type: integerType(1, 65_535) },
  mailSecurity: { section, option: "mail.security", type: choiceType<MailSecurity>("tls", "starttls", "none") },
  mailUser: { section, option: "mail.user", type: textType },
  mailPassword: { section, option: "mail.password", type: textType, secret: true },
  mailPwfile: { section, option: "mail.pwfile", type: pathType },
  mailCa: { section, option: "mail.ca", type: pathType },
  mailOn: { section, option: "mail.on", type: eventsType, default: defaultEvents },
  webhookUrl: { section, option: "webhook.url", type: urlType, secret: true },
  webhookTemplate: { section, option: "webhook.template", type: templateType },
  webhookToken: { section, option: "webhook.token", type: textType, secret: true },
  webhookOn: { section, option: "webhook.on", type: eventsType, default: defaultEvents },
} satisfies Record<string, OptionDefinition<unknown>>;

const ports: Readonly<Record<MailSecurity, number>> = { tls: 465, starttls: 587, none: 25 };

/**
 * Reads the options of who is told, and what to show of them.
 * @throws UsageError for a wrong value, a user without a password, or a password that would go in the clear
 */
export function resolveChannels(
  reader: OptionReader,
  cwd: string,
): { channels: Channels; values: readonly ResolvedOption[] } {
  const shown = new ShownOptions(reader, cwd);
  const join = (items: readonly string[]): string => items.join(", ");

  const to = shown.read(notifyOptions.mailTo, join);
  const host = shown.read(notifyOptions.mailHost)!;
  const user = shown.read(notifyOptions.mailUser);
  const passwordPath = shown.readPath(notifyOptions.mailPwfile);
  const isLocal = ["localhost", "127.0.0.1", "::1"].includes(host);
  const security = shown.read(notifyOptions.mailSecurity) ?? (isLocal ? "none" : "starttls");
  const mail: Omit<MailSettings, "login" | "to"> = {
    host,
    security,
    port: shown.read(notifyOptions.mailPort) ?? ports[security],
    from: shown.read(notifyOptions.mailFrom) ?? `ngwbackup@${hostname()}`,
    caPath: shown.readPath(notifyOptions.mailCa),
    on: shown.read(notifyOptions.mailOn, join)!,
  };
  const password = shown.read(notifyOptions.mailPassword);
  const webhook = {
    template: shown.read(notifyOptions.webhookTemplate),
    token: shown.read(notifyOptions.webhookToken),
    on: shown.read(notifyOptions.webhookOn, join)!,
  };
  const url = shown.read(notifyOptions.webhookUrl);
  if (to !== undefined && user !== undefined && security === "none" && !isLocal)
    throw new UsageError("mail-in-the-clear", `[${section}] mail.user: its password would go to ${host} in the clear`, {
      hints: ["set mail.security to tls or starttls"],
    });
  if (to !== undefined && user !== undefined && password === undefined && passwordPath === undefined)
    throw new UsageError("mail-password", `[${section}] mail.user is set, and no password`, {
      hints: ["set mail.pwfile to a file that holds it, or mail.password"],
    });
  const login = user === undefined ? undefined : { user, password, passwordPath };
  return {
    channels: {
      mail: to === undefined ? undefined : { ...mail, to, login },
      webhook: url === undefined ? undefined : { ...webhook, url },
    },
    values: shown.values,
  };
}
