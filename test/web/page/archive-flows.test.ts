import { expect, test } from "vitest";
import { archives } from "./samples/archives.ts";
import { usePage } from "./use-page.ts";

const used = usePage();

test("tags that are none are refused before anything is sent", async () => {
  await used.goTo("archives");
  await used.button("Back up now").click();
  await used.dialog().getByLabel("Tags").fill("a,b");
  await used.button("Start").click();
  await used.page.getByText("At most 20 tags").first().waitFor();
  expect(used.changes()).toEqual([]);
});

test("an archive is deleted only when its name is typed; what the server refuses is shown with its hints", async () => {
  const { name } = archives.archives[1]!;
  await used.goTo("archives");
  await used.button(`Actions for ${name}`).click();
  await used.button("Delete").click();
  await used.page.getByLabel(`Type ${name} to confirm`).fill("something else");
  await used.button("Delete for good").click();
  await used.page.getByText(`This has to be exactly ${name}.`).waitFor();
  expect(used.changes()).toEqual([]);
  const error = { code: "referred-to", message: "others need it", hints: ["ngw-later.ngwbackup"] };
  used.server.state.refusals.set("DELETE api/archives/a1", { status: 409, error });
  await used.page.getByLabel(`Type ${name} to confirm`).fill(name);
  await used.button("Delete for good").click();
  await used.dialog().getByText("others need it").waitFor();
  await used.dialog().getByText("ngw-later.ngwbackup").waitFor();
  used.server.state.refusals.clear();
  await used.button("Delete for good").click();
  await used.dialog().waitFor({ state: "hidden" });
  await used.page.getByText("8 archives", { exact: true }).waitFor();
  expect(used.changes().at(-1)).toEqual(["DELETE", "api/archives/a1", { confirm: name }]);
});

test("archives are sorted and filtered, and the address keeps it", async () => {
  await used.goTo("archives");
  await used.button("Size").click();
  await used.button("Size").click();
  expect(await used.page.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort")).toBe("ascending");
  await used.page.getByLabel("State").selectOption("damaged");
  await used.page.getByText("1 of 9 archives").waitFor();
  expect(used.page.url()).toBe(`${used.server.url}archives?sort=size&state=damaged`);
  await used.page.reload();
  await used.page.getByText("1 of 9 archives").waitFor();
  await used.page.getByLabel("Search names and tags").fill("nothing at all");
  await used.button("Clear the filters").click();
  await used.page.getByText("9 archives", { exact: true }).waitFor();
});

test("retention is previewed with reasons, and has it done", async () => {
  await used.goTo("archives");
  await used.button("Retention").first().click();
  await used.dialog().getByText("1 archive goes, 1.6 GiB.").waitFor();
  await used.dialog().getByText("no rule keeps it").waitFor();
  await used.button("Remove them now").click();
  await used.page.waitForURL(`${used.server.url}runs/413`);
  expect(used.changes()).toEqual([["POST", "api/runs", { kind: "prune", place: "p1" }]]);
});

test("links, the way back and the address work below the base path", async () => {
  await used.goTo("archives/a0");
  await used.heading(/ngw-20261126/).waitFor();
  await used.page.getByRole("link", { name: "All archives" }).click();
  await used.heading("Archives").waitFor();
  await used.page.getByRole("link", { name: "Overview" }).click();
  await used.heading("gis.example.org").waitFor();
  expect(used.page.url()).toBe(used.server.url);
  await used.page.goBack();
  await used.heading("Archives").waitFor();
  expect(used.server.asked.filter((asked) => asked.includes("undefined"))).toEqual([]);
});
