import { expect, test } from "vitest";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();

test("the overview says by itself how things stand, from no backup at all to all being well", async () => {
  const vera = await served.viewer("", "vera");
  const status = vera.page.locator(".status");
  await status.getByText("There is no backup yet").waitFor();
  await served.backUp("one.ngwbackup");
  await status.getByText("No archive was verified yet").waitFor();
  await vera.page.getByRole("link", { name: "one.ngwbackup" }).first().waitFor();
  await served.command(["verify", "latest"]);
  await served.command(["drill"]);
  await status.getByText("All is well").waitFor();
  await status.getByText("The next bad day is covered").waitFor();
  await status.getByText(/A drill brought everything back in .*sec/).waitFor();
  expect(await status.getAttribute("class")).toContain("ok");
});

test("a backup that failed is told with its reason, and leads to its run", async () => {
  served.configure("hook.before = sh -c 'echo nobody is at home >&2; exit 1'");
  await served.backUp("two.ngwbackup", [], 4);
  const vera = await served.viewer("", "vera");
  const status = vera.page.locator(".status");
  await status.getByText(/The last backup, .*, failed/).waitFor();
  expect(await status.getAttribute("class")).toContain("bad");
  await status.getByRole("link", { name: "Open the run" }).click();
  await vera.seesEnd("Refused");
  await vera.text("nobody is at home").waitFor();
});

test("a backup that is overdue is told, and an operator is offered the next one", async () => {
  served.configure("max_age = 1");
  const vera = await served.viewer("", "vera");
  await vera.text(/The last backup is .* old, which is more than 1 sec/).waitFor();
  expect(await vera.button("Back up now").count()).toBe(0);
  const admin = await served.viewer();
  await admin.button("Back up now").click();
  await admin.dialog().getByText("The service goes on while it runs.").waitFor();
});
