import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SmallDisk, mountSmallDisk } from "../../fixtures/small-disk.ts";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage({ hasGate: true });

/** In the place of the folder of archives; undefined where nothing may be mounted. */
let disk: SmallDisk | undefined;

beforeAll(async () => {
  await served.backUp("earlier.ngwbackup");
  disk = await mountSmallDisk(served.instance.backupFolder, { sizeBytes: 256 * 1024 * 1024 });
});

afterAll(async () => {
  await disk?.unmount();
});

const archives = (): string[] => readdirSync(served.instance.backupFolder);

test("a backup that would find no room is refused with what to do, before anything is written", async (context) => {
  if (disk === undefined) return context.skip("nothing may be mounted here");
  await disk.leave({ bytes: 100_000 });
  const admin = await served.viewer("archives");
  await admin.button("Back up now").click();
  await admin.button("Start").click();
  await admin
    .dialog()
    .getByText(/^not enough space in/)
    .waitFor();
  await admin.dialog().getByText("remove old archives").waitFor();
  expect(archives()).toEqual(["earlier.ngwbackup"]);
  await disk.enlarge();
  await admin.button("Start").click();
  await admin.seesEnd("Done");
  expect(archives()).toHaveLength(2);
});

test("a backup whose disk becomes full says so, leaves nothing, and the earlier archive stays", async (context) => {
  if (disk === undefined) return context.skip("nothing may be mounted here");
  await disk.enlarge();
  const before = archives();
  const admin = await served.viewer("archives");
  served.closeGate();
  await admin.button("Back up now").click();
  await admin.button("Start").click();
  const id = await served.holdAmid(admin);
  await disk.leave({ bytes: 0 });
  served.runs.release(id);
  await admin.seesEnd("Failed");
  await admin.text("Why it ended so").waitFor();
  await admin.text(/no space left|disk is full/i).waitFor();
  expect(archives()).toEqual(before);
  await admin.page.getByRole("link", { name: "Overview" }).click();
  await admin.text(/The last backup, .*, failed/).waitFor();
});
