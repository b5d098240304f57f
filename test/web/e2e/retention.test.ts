import { readdirSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();

beforeAll(async () => {
  for (const name of ["one", "two", "three"]) await served.backUp(`${name}.ngwbackup`);
});

test("without rules nothing would go; with them it is shown what goes and why, and done as shown", async () => {
  const admin = await served.viewer("archives");
  await admin.button("Retention").click();
  await admin.dialog().getByText("No rules are configured").waitFor();
  expect(await admin.button("Remove them now").count()).toBe(0);
  await admin.button("Close").click();
  served.configure("keep.last = 1", "keep.tag = precious");
  await admin.page.reload();
  await admin.button("Retention").click();
  await admin
    .dialog()
    .getByText(/2 archives go, .*iB\./)
    .waitFor();
  await admin.dialog().getByText("1 archive stays").waitFor();
  const rows = admin.dialog().locator(".retention li");
  expect(await rows.filter({ hasText: "three.ngwbackup" }).innerText()).toMatch(/Stays[^]*among the newest/);
  expect(await rows.filter({ hasText: "two.ngwbackup" }).innerText()).toMatch(/Goes[^]*no rule keeps it/);
  expect(readdirSync(served.instance.backupFolder)).toHaveLength(3);
  await admin.button("Remove them now").click();
  await admin.heading("Prune").waitFor();
  await admin.seesEnd("Done");
  expect(readdirSync(served.instance.backupFolder)).toEqual(["three.ngwbackup"]);
  await admin.page.getByRole("link", { name: "Archives" }).click();
  await admin.page.getByText("1 archive", { exact: true }).first().waitFor();
});
