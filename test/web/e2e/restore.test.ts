import { beforeAll, expect, test } from "vitest";
import { afterRestore } from "../../../src/demo/differences.ts";
import type { Fingerprint } from "../../../src/demo/fingerprint.ts";
import { addBlob, realDifferences, sql } from "../../operations/increments/changes.ts";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage({ readyForSideBySide: true, hasGate: true });

let good: Fingerprint;

beforeAll(async () => {
  good = await served.instance.fingerprint();
  await served.backUp("good.ngwbackup");
});

test("a restore is planned, refuses a wrong name, goes on live to its end, and is undone", async () => {
  const { instance } = served;
  const { name } = instance.database;
  await addBlob(instance, 30_000);
  await sql(instance, "UPDATE setting SET value = '\"bad\"'", "CREATE TABLE mistake (id integer)");
  const bad = await instance.fingerprint();
  expect(realDifferences(good, bad)).not.toEqual([]);
  const admin = await served.viewer("archives");
  await admin.choose("good.ngwbackup", "Restore");
  await admin.text("It can be restored").waitFor();
  await admin.text("What is replaced by what").waitFor();
  await admin.button("Restore…").click();
  const typed = admin.page.getByLabel(`Type ${name} to confirm`);
  await typed.fill("another");
  await admin.button("Restore now").click();
  await admin.text(`This has to be exactly ${name}.`).waitFor();
  expect(served.runs.running).toEqual([]);
  await typed.fill(name);
  served.closeGate();
  await admin.button("Restore now").click();
  const id = await served.holdAmid(admin);
  await admin.heading("Restore").waitFor();
  await admin.page.getByRole("progressbar", { name: "Restore: progress" }).waitFor();
  await admin.page.locator(".progress-foot span").first().waitFor();
  // Nothing of it shows until the switch.
  expect(realDifferences(bad, await instance.fingerprint())).toEqual([]);
  served.runs.release(id);
  await admin.seesEnd("Done");
  expect(realDifferences(afterRestore(good), await instance.fingerprint())).toEqual([]);
  await admin.text("What to do now").waitFor();
  await admin.page.getByRole("link", { name: "To the undo" }).click();
  await admin.button("Undo the restore…").click();
  await typed.fill(name);
  await admin.button("Undo now").click();
  await admin.heading("Undo").waitFor();
  await admin.seesEnd("Done");
  expect(realDifferences(bad, await instance.fingerprint())).toEqual([]);
  await admin.page.goto(`${served.server.url}restore`);
  await admin.text("There is nothing to undo").waitFor();
});

test("viewers get to no restore, whatever address they type", async () => {
  const vera = await served.viewer("restore", "vera");
  await vera.text("Only operators may see this").waitFor();
  expect(await vera.page.getByRole("link", { name: "Restore" }).count()).toBe(0);
});
