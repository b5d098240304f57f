import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage({ readyForSideBySide: true });

beforeAll(async () => {
  const path = await served.backUp("bitten.ngwbackup");
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = bytes[middle]! ^ 0x10;
  writeFileSync(path, bytes);
});

test("one wrong bit is found by a verify, told everywhere, and keeps a restore from beginning", async () => {
  const admin = await served.viewer("archives");
  await admin.choose("bitten.ngwbackup", "Verify");
  await admin.button("Verify now").click();
  await admin.seesEnd("Damaged");
  await admin.page.getByRole("list", { name: "What is damaged" }).getByRole("listitem").first().waitFor();
  await admin.page.getByRole("link", { name: "Archives" }).click();
  await admin.page.locator("tr", { hasText: "bitten" }).locator(".checked.bad").waitFor();
  await admin.page.getByRole("link", { name: "Overview" }).click();
  await admin.text(/The last verify, .*, found damage/).waitFor();
  await admin.page.goto(`${served.server.url}archives`);
  await admin.choose("bitten.ngwbackup", "Restore");
  await admin.text("It would be refused").waitFor();
  expect(await admin.button("Restore…").count()).toBe(0);
});

test("one that is cut off shows as damaged in the list, and says so on its page", async () => {
  const path = await served.backUp("cut.ngwbackup");
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - 1000));
  const admin = await served.viewer("archives");
  const row = admin.page.locator("tr", { hasText: "cut" });
  await row.getByText("Damaged").waitFor();
  await row.getByRole("link", { name: "cut", exact: true }).click();
  await admin.text("This archive is damaged").waitFor();
  expect(await admin.page.getByRole("link", { name: "Restore", exact: true }).count()).toBe(1);
});
