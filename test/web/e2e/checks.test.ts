import { beforeAll, expect, test } from "vitest";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();

beforeAll(async () => {
  await served.backUp("one.ngwbackup");
});

test("an archive is verified and drilled from the page, and says so from then on", async () => {
  const admin = await served.viewer("archives");
  const row = admin.page.locator("tr", { hasText: "one" });
  await row.waitFor();
  expect(await row.locator(".checked").count()).toBe(0);
  await admin.choose("one.ngwbackup", "Verify");
  await admin.dialog().getByText("Every byte of the archive is read").waitFor();
  await admin.button("Verify now").click();
  await admin.heading("Verify").waitFor();
  await admin.seesEnd("Done");
  await admin.page.getByRole("link", { name: "All runs" }).click();
  await admin.page.getByRole("link", { name: "Archives" }).click();
  await admin.choose("one.ngwbackup", "Drill");
  await admin.dialog().getByText("throw-away place").waitFor();
  await admin.button("Drill now").click();
  await admin.heading("Drill").waitFor();
  await admin.seesEnd("Done");
  await admin.text("Recovery time").waitFor();
  await admin.page.goto(`${served.server.url}archives`);
  await expect.poll(() => row.locator(".checked").count(), { timeout: 60_000 }).toBe(2);
  await row.getByText(/ in [\d.]+ sec/).waitFor();
  expect(await row.locator(".checked.ok").count()).toBe(2);
});
