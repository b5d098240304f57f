import { beforeAll, expect, test } from "vitest";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();

beforeAll(async () => {
  await served.backUp("one.ngwbackup", ["--tag", "weekly"]);
  await served.command(["verify", "latest"]);
  // A name that is taken already is refused.
  await served.backUp("one.ngwbackup", [], 4);
});

test("runs are listed, filtered by kind and end, and each shows its stages, log and summary", async () => {
  const vera = await served.viewer("runs", "vera");
  const rows = vera.page.locator("table tbody tr");
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(3);
  await vera.page.getByLabel("What").selectOption("backup");
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(2);
  await vera.page.getByLabel("How it ended").selectOption("refused");
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(1);
  expect(vera.page.url()).toBe(`${served.server.url}runs?kind=backup&state=refused`);
  await rows.getByRole("link").first().click();
  await vera.seesEnd("Refused");
  await vera.text("Why it ended so").waitFor();
  await vera.page.goBack();
  await vera.page.getByLabel("How it ended").selectOption("done");
  await expect.poll(() => rows.allInnerTexts(), { timeout: 60_000 }).toEqual([expect.stringContaining("Done")]);
  await rows.getByRole("link").first().click();
  await vera.seesEnd("Done");
  await vera.text("Finishing").waitFor();
  await vera.page.locator("ol.log li").first().waitFor();
  await vera.page.getByText("Summary, as the command printed it").click();
  const summary = JSON.parse(await vera.page.locator("details pre").innerText()) as object;
  expect(summary).toMatchObject({ command: "backup" });
});

test("there is no run of another number", async () => {
  const vera = await served.viewer("runs/4711", "vera");
  await vera.text("There is no such run").waitFor();
});
