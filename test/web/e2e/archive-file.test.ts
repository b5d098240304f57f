import { existsSync, readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { addBlob } from "../../operations/increments/changes.ts";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();
let base: string;
let increment: string;

beforeAll(async () => {
  base = await served.backUp("base.ngwbackup");
  await addBlob(served.instance, 50_000);
  increment = await served.backUp("increment.ngwbackup", ["--base", base]);
});

test("what is downloaded is the file, and goes on where it broke off; a viewer gets nothing", async () => {
  const admin = await served.viewer("archives");
  const download = admin.page.waitForEvent("download");
  await admin.choose("base.ngwbackup", "Download");
  const taken = await download;
  expect(taken.suggestedFilename()).toBe("base.ngwbackup");
  const bytes = readFileSync(base);
  expect(readFileSync(await taken.path()).equals(bytes)).toBe(true);
  const { request } = admin.page.context();
  const url = taken.url();
  const etag = (await request.head(url)).headers()["etag"]!;
  const middle = Math.floor(bytes.length / 2);
  const rest = await request.get(url, { headers: { range: `bytes=${middle}-`, "if-range": etag } });
  expect([rest.status(), rest.headers()["content-range"]]).toEqual([
    206,
    `bytes ${middle}-${bytes.length - 1}/${bytes.length}`,
  ]);
  expect((await rest.body()).equals(bytes.subarray(middle))).toBe(true);
  const vera = await served.viewer("archives", "vera");
  await vera.page.getByRole("link", { name: "base", exact: true }).waitFor();
  expect(await vera.button(/^Actions for/).count()).toBe(0);
  expect((await vera.page.context().request.get(url)).status()).toBe(403);
});

test("an archive is deleted behind its typed name, unless others are built on it", async () => {
  const admin = await served.viewer("archives");
  const remove = async (name: string): Promise<void> => {
    await admin.choose(name, "Delete");
    await admin.page.getByLabel(`Type ${name} to confirm`).fill(name);
    await admin.button("Delete for good").click();
  };
  await remove("base.ngwbackup");
  await admin.dialog().getByRole("alert").getByText("increment.ngwbackup").first().waitFor();
  expect(existsSync(base)).toBe(true);
  await admin.dialog().getByRole("button", { name: "Cancel" }).click();
  await remove("increment.ngwbackup");
  await admin.dialog().waitFor({ state: "hidden" });
  await admin.page.getByText("1 archive", { exact: true }).first().waitFor();
  expect([existsSync(increment), existsSync(base)]).toEqual([false, true]);
  // The last one is kept, whoever types what.
  await remove("base.ngwbackup");
  await admin.dialog().getByText("is the last sound archive of its instance").waitFor();
  expect(existsSync(base)).toBe(true);
});
