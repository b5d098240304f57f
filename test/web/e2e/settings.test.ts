import { expect, test } from "vitest";
import { startHookServer } from "../../fixtures/hook-server.ts";
import { startMailServer } from "../../fixtures/mail-server.ts";
import { databaseSecret } from "../../fixtures/secret.ts";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();

test("settings are shown with their sources, and no secret", async () => {
  const admin = await served.viewer("settings");
  await admin.page.getByLabel("Filter options").fill("database.");
  const row = admin.page.locator("tr", { hasText: "database.password" });
  await row.getByText("config.ini").waitFor();
  await admin.page.locator("tr", { hasText: "database.name" }).getByText(served.instance.database.name).waitFor();
  expect(await admin.page.content()).not.toContain(databaseSecret);
  await admin.page.getByLabel("Filter options").fill("");
  await admin.page.getByLabel("Only what is set").check();
  await expect.poll(() => admin.page.locator("table.options tbody tr").count()).toBeLessThan(20);
  const vera = await served.viewer("settings", "vera");
  await vera.text("Only operators may see this").waitFor();
});

test("a test of notifications reaches a mail server and a web server, and says which did not", async () => {
  const mail = await startMailServer({ security: "none" });
  const hook = await startHookServer(200);
  const broken = await startHookServer(...Array.from({ length: 20 }, () => 500));
  served.configure(
    "mail.to = someone@example.org",
    "mail.host = 127.0.0.1",
    `mail.port = ${mail.port}`,
    `webhook.url = ${hook.origin}/news`,
    `webhook.pager.url = ${broken.origin}/pager`,
  );
  const admin = await served.viewer("settings/notifications");
  await admin.button("Send a test").click();
  await admin.text("Mail: sent").waitFor();
  await admin.text("Webhook: sent").waitFor();
  await admin.text("Webhook pager: not sent").waitFor();
  expect(mail.mails.map(({ to }) => to)).toEqual([["someone@example.org"]]);
  expect(hook.requests.map(({ method, url }) => [method, url])).toEqual([["POST", "/news"]]);
  await admin.page.getByRole("link", { name: "Audit trail" }).click();
  await admin.text("sent a test notification").waitFor();
});

test("a token is shown once, works as far as its role, and not after it was taken back; all of it stands in the trail", async () => {
  const admin = await served.viewer("settings/tokens");
  await admin.button("New token").click();
  await admin.page.getByLabel("Name").fill("grafana");
  await admin.button("Make the token").click();
  await admin.text("This is the only time that it is shown.").waitFor();
  const secret = await admin.dialog().getByLabel("Token").inputValue();
  const ask = async (path: string, method = "GET"): Promise<number> =>
    (await fetch(served.server.url + path, { method, headers: { authorization: `Bearer ${secret}` } })).status;
  expect([await ask("api/overview"), await ask("api/settings")]).toEqual([200, 403]);
  await admin.button("I have kept it").click();
  const row = admin.page.locator("tr", { hasText: "grafana" });
  await row.getByText("Viewer").waitFor();
  expect(await admin.page.content()).not.toContain(secret);
  await row.getByRole("button", { name: "Take back" }).click();
  await admin.dialog().getByText("Whatever uses it is refused from now on.").waitFor();
  await admin.dialog().getByRole("button", { name: "Take back" }).click();
  await admin.text("There is no token").waitFor();
  expect(await ask("api/overview")).toBe(401);
  await admin.page.getByRole("link", { name: "Audit trail" }).click();
  const trail = admin.page.locator("table tbody tr");
  expect(await trail.filter({ hasText: "took back a token" }).first().innerText()).toMatch(/admin[^]*grafana/);
  expect(await trail.filter({ hasText: "made a token" }).first().innerText()).toMatch(
    /admin[^]*grafana[^]*127\.0\.0\.1/,
  );
  await trail.filter({ hasText: "signed in" }).first().waitFor();
});
