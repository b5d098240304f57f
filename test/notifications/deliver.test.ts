import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { deliver } from "../../src/notifications/deliver.ts";
import { type Notice, blankFields } from "../../src/notifications/notice.ts";
import { sendMail } from "../../src/notifications/send-mail.ts";
import type { WebhookSettings } from "../../src/notifications/settings.ts";
import { startHookServer } from "../fixtures/hook-server.ts";

const notice: Notice = { event: "failure", title: "title", text: "text", fields: blankFields };
const webhook: WebhookSettings = {
  option: "webhook",
  url: "http://127.0.0.1:9/",
  template: undefined,
  token: undefined,
  on: ["failure"],
};

const send = async (settings: Partial<WebhookSettings>, fields: Partial<Notice["fields"]> = {}): Promise<string> => {
  const told = { ...notice, fields: { ...blankFields, ...fields } };
  const [delivery] = await deliver({ mails: [], webhooks: [{ ...webhook, ...settings }] }, told);
  return delivery?.error?.message ?? "taken";
};

test("a token or a URL that is not fit for a request does not show", async () => {
  expect(await send({ token: "s3cret\nmore" })).toBe(
    "webhook at http://127.0.0.1:9: webhook.url or webhook.token cannot stand in a request",
  );
  expect(await send({ url: "http://user:s3cret@127.0.0.1:9/" })).not.toContain("s3cret");
});

test("a text that is no Unicode can stand in a URL", async () => {
  const { origin, requests } = await startHookServer();
  expect(await send({ url: `${origin}/?error={error}` }, { error: "name \uD800" })).toBe("taken");
  expect(requests[0]?.url).toBe("/?error=name%20%EF%BF%BD");
});

test("a mail server that never comes to an end of its answer is given up", async () => {
  const server = createServer((socket) => {
    socket.write("220 here\r\n");
    const drip = setInterval(() => socket.write("250-more\r\n"), 20);
    socket.on("error", () => {}).on("close", () => clearInterval(drip));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  const settings = { host: "127.0.0.1", port, security: "none", from: "a@example.org", to: ["b@example.org"] } as const;
  const mail = { ...settings, option: "mail", login: undefined, caPath: undefined, on: [] };
  await expect(sendMail(mail, notice, 300)).rejects.toThrow("it took more than 0.3 s");
});
