import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { type Viewer, useServedPage } from "./use-served-page.ts";

const served = useServedPage({ hasGate: true });

/** Starts a backup and holds it amid its work, so that there is time to look. */
async function startAndHold(viewer: Viewer): Promise<number> {
  served.closeGate();
  await viewer.button("Back up now").click();
  await viewer.dialog().getByLabel("Tags").fill("by-hand");
  await viewer.button("Start").click();
  return await served.holdAmid(viewer);
}

/** What the page says of how far a run is. */
async function progressOf({ page }: Viewer): Promise<string> {
  const bar = page.locator(".progress").first();
  await bar.locator(".progress-foot span").first().waitFor();
  return await bar.innerText();
}

test("a backup is followed live, by a reload in the middle and a second viewer alike, to its end", async () => {
  const admin = await served.viewer("archives");
  const id = await startAndHold(admin);
  await admin.heading("Backup").waitFor();
  // Whoever comes now sees where the run is held; who was there before hears of it when the news has come.
  const vera = await served.viewer(`runs/${id}`, "vera");
  const shown = await progressOf(vera);
  expect(shown).toMatch(/\d+%[^]* of [^]*left$/);
  await expect.poll(() => progressOf(admin), { timeout: 60_000 }).toBe(shown);
  await admin.page.reload();
  await expect.poll(() => progressOf(admin), { timeout: 60_000 }).toBe(shown);
  await vera.page.getByText("admin", { exact: true }).waitFor();
  // A viewer looks, and stops nothing.
  await admin.button("Stop it…").waitFor();
  expect(await vera.button("Stop it…").count()).toBe(0);
  const elsewhere = await served.viewer("archives", "vera");
  await elsewhere.page.getByText("Running now").waitFor();
  expect(await elsewhere.button("Back up now").count()).toBe(0);
  served.runs.release(id);
  await admin.seesEnd("Done");
  await vera.seesEnd("Done");
  // Whoever looks elsewhere is told.
  await elsewhere.page.getByRole("link", { name: "Backup is done" }).waitFor();
  await elsewhere.page.locator("table.rows tbody tr").first().waitFor();
  await elsewhere.page.getByText("1 archive", { exact: true }).first().waitFor();
  const path = await admin.page.locator(".path").filter({ hasText: ".ngwbackup" }).first().innerText();
  expect(existsSync(path.trim())).toBe(true);
});

test("a backup is stopped behind a question, and leaves nothing", async () => {
  const admin = await served.viewer("archives");
  const id = await startAndHold(admin);
  await admin.button("Stop it…").click();
  await admin.dialog().getByText("earlier archives stay").waitFor();
  await admin.button("Stop it now").click();
  await admin.text("It is told to stop").waitFor();
  served.runs.release(id);
  await admin.seesEnd("Interrupted");
  expect(served.runs.stateOf(id)).toBe("interrupted");
  await admin.page.goto(`${served.server.url}archives`);
  await admin.page.getByText("1 archive", { exact: true }).first().waitFor();
});
