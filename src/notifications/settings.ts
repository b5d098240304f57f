/** What a notification is about. */
export const noticeEvents = ["failure", "loss", "age", "recovery", "success"] as const;

/** One of {@link noticeEvents}. */
export type NoticeEvent = (typeof noticeEvents)[number];

/** How a mail server is talked to: TLS from the first byte, TLS after STARTTLS and not without, or in the clear. */
export type MailSecurity = "tls" | "starttls" | "none";

/** Who a mail server knows us as: with a password, or the absolute path of a file that holds it. */
export interface MailLogin {
  user: string;
  password: string | undefined;
  /** Read when a mail is sent: what is wrong with it must not keep a backup from being made. */
  passwordPath: string | undefined;
}

/** Mail as a channel. */
export interface MailSettings {
  /** What its own options begin with: `mail`, or `mail.NAME`. */
  option: string;
  host: string;
  port: number;
  security: MailSecurity;
  /** Undefined: the server asks for none. */
  login: MailLogin | undefined;
  from: string;
  to: readonly string[];
  /** Absolute path of certificates, PEM, that are trusted instead of the system's. */
  caPath: string | undefined;
  on: readonly NoticeEvent[];
}

/** A webhook as a channel. */
export interface WebhookSettings {
  /** What its options begin with: `webhook`, or `webhook.NAME`. */
  option: string;
  /** Where it is posted to, with placeholders; a secret, as it often holds a token. */
  url: string;
  /** JSON with placeholders; undefined: the whole notice as JSON. */
  template: string | undefined;
  /** Sent as `Authorization: Bearer`; a secret. */
  token: string | undefined;
  on: readonly NoticeEvent[];
}

/** Who is told, each by itself. */
export interface Channels {
  mails: readonly MailSettings[];
  webhooks: readonly WebhookSettings[];
}

/** Whether nobody is told. */
export function isEmpty({ mails, webhooks }: Channels): boolean {
  return mails.length === 0 && webhooks.length === 0;
}
