import { expect, test } from "vitest";
import { usePage } from "./use-page.ts";

const used = usePage();

test("a token is shown once", async () => {
  await used.goTo("settings/tokens");
  await used.button("New token").click();
  await used.page.getByLabel("Name").fill("nagios");
  await used.button("Make the token").click();
  const secret = used.dialog().getByLabel("Token", { exact: true });
  expect(await secret.inputValue()).toMatch(/^ngwb_/);
  await used.button("I have kept it").click();
  await used.page.getByRole("rowheader", { name: "nagios" }).waitFor();
  expect(await used.page.getByText(/^ngwb_/).count()).toBe(0);
  await used.button("Take back nagios").click();
  await used.dialog().getByRole("button", { name: "Take back" }).click();
  await used.page.getByRole("rowheader", { name: "nagios" }).waitFor({ state: "detached" });
});
