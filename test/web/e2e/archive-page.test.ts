import { beforeAll, expect, test } from "vitest";
import { rmSync } from "node:fs";
import { addBlob, blobFile, sql } from "../../operations/increments/changes.ts";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();

beforeAll(async () => {
  await served.backUp("before.ngwbackup");
  const { instance } = served;
  await addBlob(instance, 70_000);
  rmSync(blobFile(instance, await addBlob(instance, 1000)));
  await sql(instance, "CREATE TABLE note_of_the_day (text text); INSERT INTO note_of_the_day VALUES ('rain')");
  await served.backUp("after.ngwbackup", [], 3);
});

test("an archive shows what is in it by the names of the application, what is missing, and what has changed", async () => {
  const vera = await served.viewer("archives", "vera");
  const row = vera.page.locator("tr", { hasText: "after" });
  await row.getByText("1 loss").waitFor();
  await row.getByRole("link", { name: "after", exact: true }).click();
  await vera.heading("after.ngwbackup").waitFor();
  await vera.page.getByRole("img", { name: "Contents by size" }).waitFor();
  const table = vera.page.locator("table.parts");
  await table.getByRole("rowheader", { name: "Points 1" }).waitFor();
  expect(await table.locator("tr", { hasText: "Points 1" }).innerText()).toMatch(/Layer[^]*120 rows/);
  const all = await table.locator("tbody tr").count();
  await vera.page.getByLabel("Filter the contents").fill("polygons");
  await expect.poll(() => table.locator("tbody tr").count()).toBeLessThan(all);
  expect(await table.locator("tbody tr").allInnerTexts()).toEqual([expect.stringContaining("Polygons 1")]);
  await vera.text("Losses: 1").waitFor();
  await vera.page.locator("ul.code-list").getByText("extra").waitFor();
  const changes = vera.page.locator("ul.changes li");
  expect(await changes.filter({ hasText: "note_of_the_day" }).innerText()).toContain("Added");
  expect(await changes.filter({ hasText: "fileobj" }).innerText()).toMatch(/Changed[^]*\+2 rows/);
  await vera.page.getByText(/Files added: 1/).waitFor();
  await vera.page.getByRole("link", { name: /^Run \d+$/ }).click();
  await vera.seesEnd("With losses");
  await vera.text("after.ngwbackup").waitFor();
});

test("a rectangle of the treemap leads to its line; an archive that is gone says so", async () => {
  const vera = await served.viewer("archives", "vera");
  await vera.page.getByRole("link", { name: "before", exact: true }).click();
  await vera.page.locator("svg .tile").filter({ hasText: "Points 2" }).first().click();
  await expect.poll(() => vera.page.getByLabel("Filter the contents").inputValue()).toBe("Points 2");
  await vera.page
    .getByText("There is no archive before it to compare with")
    .or(vera.page.getByText("Compared with"))
    .waitFor();
  await vera.page.goto(`${served.server.url}archives/none-of-ours`);
  await vera.text("This archive is gone").waitFor();
});
