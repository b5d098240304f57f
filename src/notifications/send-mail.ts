import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { createTransport } from "nodemailer";
import { messageOf } from "../errors.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Notice } from "./notice.ts";
import type { MailLogin, MailSettings } from "./settings.ts";

const connectMs = 15_000;
const silenceMs = 30_000;
/** A server that says a little now and then would keep us for ever. */
const wholeMs = 60_000;

/** The mail channel for messages. */
export function nameMail({ option, host, port, to }: MailSettings): string {
  return `${option.replace(".", " ")} to ${to.join(", ")} by ${host}:${port}`;
}

/**
 * Sends a notice as a plain text mail.
 * @param limitMs for all of it, from connecting to the last answer
 * @throws DeliveryError when the server does not take it, for one of the addresses or all
 */
export async function sendMail(settings: MailSettings, notice: Notice, limitMs = wholeMs): Promise<void> {
  const { host, port, security, login, from, to, caPath } = settings;
  const socket = new Socket();
  const limit = setTimeout(() => socket.destroy(new Error(`it took more than ${limitMs / 1000} s`)), limitMs);
  try {
    const transport = createTransport({
      host,
      port,
      secure: security === "tls",
      requireTLS: security === "starttls",
      ignoreTLS: security === "none",
      ...(login === undefined ? {} : { auth: { user: login.user, pass: await passwordOf(login) } }),
      ...(caPath === undefined ? {} : { tls: { ca: await readFile(caPath) } }),
      socket,
      connectionTimeout: connectMs,
      greetingTimeout: connectMs,
      socketTimeout: silenceMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      const { rejected } = await transport.sendMail({
        from,
        to: [...to],
        subject: notice.title,
        text: `${notice.text}\n`,
        // Nobody's holiday notice is wanted as an answer.
        headers: { "Auto-Submitted": "auto-generated" },
      });
      if (rejected.length > 0)
        throw new DeliveryError(`mail by ${host}:${port} was refused for ${rejected.map(String).join(", ")}`, false);
    } finally {
      transport.close();
    }
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    const { responseCode } = error as { responseCode?: number };
    // The server means it for good.
    const mayPass = responseCode === undefined || responseCode < 500;
    throw new DeliveryError(`${nameMail(settings)}: ${messageOf(error)}`, mayPass, error);
  } finally {
    clearTimeout(limit);
  }
}

/** White space at the end of a file is not a part of it. */
async function passwordOf({ password, passwordPath = "" }: MailLogin): Promise<string> {
  return password ?? (await readFile(passwordPath, "utf8")).trimEnd();
}
