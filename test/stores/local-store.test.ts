import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLocalStore } from "../../src/stores/local-store.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const { signal } = new AbortController();

test("lists files, also behind links, and neither folders nor what is hidden", async () => {
  const folder = await tempFolder();
  const store = createLocalStore(folder, 1);
  await writeFile(join(folder, "a"), "abc");
  await writeFile(join(folder, ".hidden"), "");
  await mkdir(join(folder, "folder"));
  await symlink("a", join(folder, "link"));
  await symlink("nothing", join(folder, "broken"));
  const names: [string, number][] = [];
  for await (const { name, sizeBytes } of store.list(signal)) names.push([name, sizeBytes]);
  expect(names.toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
    ["a", 3],
    ["link", 3],
  ]);
  expect(store.locate("a")).toBe(join(folder, "a"));
});

test.each(["", "/a", "../a", "a/../b", "./a", "a\\b", "a\nb", "a/"])("the name %j is refused", async (name) => {
  const store = createLocalStore(await tempFolder(), 1);
  await expect(store.open(name, signal)).rejects.toMatchObject({ code: "object-name", exitCode: 2 });
  await expect(store.remove(name, signal)).rejects.toMatchObject({ code: "object-name" });
});
