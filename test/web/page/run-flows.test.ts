import { expect, test } from "vitest";
import { line, runRow, runningBackup, runningDetail } from "./samples/runs.ts";
import { usePage } from "./use-page.ts";

const used = usePage();

test("a backup is started by keyboard alone, and followed live until it ends", async () => {
  await used.goTo("archives");
  await used.page.locator("table.rows").waitFor();
  await used.page.keyboard.press("Tab");
  await expect.poll(() => used.page.evaluate("document.activeElement.className")).toBe("skip");
  await used.page.keyboard.press("Enter");
  await used.page.keyboard.press("Tab");
  await used.page.keyboard.press("Enter");
  await used.dialog().waitFor();
  await expect.poll(() => used.page.evaluate("document.activeElement.tagName")).toBe("SELECT");
  await used.dialog().getByLabel("Tags").focus();
  await used.page.keyboard.type("before-update weekly");
  await used.page.keyboard.press("Enter");
  await used.heading("Backup").waitFor();
  // The heading has the focus: a screen reader begins there.
  await expect.poll(() => used.page.evaluate("document.activeElement.tagName")).toBe("H1");
  expect(used.changes()).toEqual([["POST", "api/runs", { kind: "backup", tags: ["before-update", "weekly"] }]]);
  await used.page.getByText("58 sec left").waitFor();
  await used.page.reload();
  await used.page.getByText("12 of 71 tables are done").waitFor();
  const progress = { ...runningBackup.progress!, stage: "blobs", leftMs: 9_000 };
  used.server.send("api/runs/413/events", "progress", progress);
  used.server.send("api/runs/413/events", "line", line(0, "files begin", "warning"));
  await used.page.getByText("9 sec left").waitFor();
  await used.page.getByText("files begin").waitFor();
  await used.page.getByRole("status").getByText("Backup: Files").waitFor();
  const run = runRow(413, { kind: "backup", durationMs: 90_000, sizeBytes: 1e9 });
  used.server.send("api/runs/413/events", "end", { ...runningDetail, run });
  await used.page.locator(".page-about").getByText("Done").waitFor();
  expect(await used.page.getByRole("progressbar").count()).toBe(0);
});

test("whoever looks elsewhere is told that a run has ended, with the way to it", async () => {
  used.server.state.running = [runningBackup];
  await used.goTo("");
  await used.page.getByText("58 sec left").waitFor();
  const run = runRow(413, { state: "failed", exitCode: 1 });
  used.server.state.running = [];
  used.server.state.runDetails.set(413, { ...runningDetail, run });
  used.server.send("api/events", "runs", []);
  await used.page.getByRole("link", { name: "Backup failed" }).click();
  await used.heading("Backup").waitFor();
  expect(used.page.url()).toBe(`${used.server.url}runs/413`);
});

test("a run that ends before its news come shows all of its end", async () => {
  used.server.state.running = [runningBackup];
  const run = runRow(413, { kind: "verify", state: "damaged", exitCode: 5 });
  const summary = { archives: [{ archive: "/backup/a.ngwbackup", problems: ["entry manifest.jsonl: digest"] }] };
  // It runs when it is asked for, and no longer when its events are.
  await used.page.route("**/api/runs/413/events", async (route) => {
    used.server.state.running = [];
    used.server.state.runDetails.set(413, { ...runningDetail, run, summary });
    await route.continue();
  });
  await used.goTo("runs/413");
  await used.page.getByRole("list", { name: "What is damaged" }).getByText("entry manifest.jsonl: digest").waitFor();
});

test("a run is stopped behind a question", async () => {
  used.server.state.running = [runningBackup];
  await used.goTo("runs/413");
  await used.button("Stop it…").click();
  await used.dialog().getByText("earlier archives stay").waitFor();
  await used.page.keyboard.press("Escape");
  await used.dialog().waitFor({ state: "detached" });
  await expect.poll(() => used.page.evaluate("document.activeElement.textContent")).toBe("Stop it…");
  await used.button("Stop it…").click();
  await used.button("Stop it now").click();
  await used.page.getByText("It is told to stop").waitFor();
  expect(used.changes()).toEqual([["POST", "api/runs/413/cancel", undefined]]);
});

test("older runs are loaded behind the newest, and filters narrow both", async () => {
  await used.goTo("runs");
  await used.page.locator("tbody tr").nth(14).waitFor();
  await used.button("Load older ones").click();
  await used.page.locator("tbody tr").nth(22).waitFor();
  expect(await used.button("Load older ones").count()).toBe(0);
  await used.page.getByLabel("What").selectOption("drill");
  await expect.poll(() => used.page.locator("tbody tr").count()).toBe(1);
});

test("a server that goes away is told of, and come back to", async () => {
  await used.page.clock.install();
  await used.goTo("");
  await used.page.locator(".trend svg").first().waitFor();
  await used.server.stop();
  await used.page.getByText("The server does not answer.").waitFor();
  // By itself it would come back in a moment, too.
  await used.page.clock.pauseAt(await used.page.evaluate<number>("Date.now() + 1000"));
  used.server.state.overview = {
    ...used.server.state.overview,
    instance: { name: "back.example.org", host: "h", version: "1" },
  };
  await used.server.start();
  await used.button("Try again").click();
  await used.heading("back.example.org").waitFor();
  await used.page.getByText("The server does not answer.").waitFor({ state: "detached" });
});
