import { expect, test } from "vitest";
import { plan, planRefused, planRunning } from "./samples/runs.ts";
import { usePage } from "./use-page.ts";

const used = usePage();

test("a restore is planned live, confirmed by the instance's name, and started as chosen", async () => {
  used.server.state.plan = planRunning;
  await used.goTo("restore");
  await used.page.getByRole("link", { name: /Newest/ }).click();
  await used.page.getByRole("heading", { name: "Checking everything that can be checked" }).waitFor();
  used.server.send("api/plans/plan-1/events", "plan", plan);
  await used.page.getByText("It can be restored").waitFor();
  await used.page.getByText("4 min 28 sec").waitFor();
  await used.page.getByLabel("Migrate afterwards").check();
  await used.button("Restore…").click();
  await used.button("Restore now").click();
  await used.page.getByText("This has to be exactly gis.example.org.").waitFor();
  await used.page.getByLabel("Type gis.example.org to confirm").fill("gis.example.org");
  await used.page.keyboard.press("Enter");
  await used.page.waitForURL(`${used.server.url}runs/413`);
  const body = { kind: "restore", archiveId: "a0", withService: true, migrate: true, confirm: "gis.example.org" };
  expect(used.changes().at(-1)).toEqual(["POST", "api/runs", body]);
});

test("a restore that would be refused cannot be started; a check again asks anew; leaving stops a plan", async () => {
  used.server.state.plan = planRefused;
  await used.goTo("restore?archive=a0");
  await used.page.getByText("It would be refused").waitFor();
  expect(await used.button("Restore…").count()).toBe(0);
  used.server.state.plan = planRunning;
  await used.button("Check again").click();
  await used.page.getByRole("heading", { name: "Checking everything that can be checked" }).waitFor();
  await used.page.getByRole("link", { name: "Choose another archive" }).click();
  await used.page.getByText("Choose an archive", { exact: true }).waitFor();
  await expect.poll(() => used.changes().at(-1)?.slice(0, 2)).toEqual(["DELETE", "api/plans/plan-1"]);
  await used.button("Undo the restore…").click();
  await used.page.getByLabel("Type gis.example.org to confirm").fill("gis.example.org");
  await used.button("Undo now").click();
  await used.page.waitForURL(`${used.server.url}runs/413`);
  expect(used.changes().at(-1)?.[2]).toEqual({ kind: "undo", confirm: "gis.example.org" });
});
