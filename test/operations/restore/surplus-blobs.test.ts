import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { surplusBlobs } from "../../../src/operations/restore/surplus-blobs.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

test("a blob that cannot be looked at does not stay for that", async () => {
  const folder = await tempFolder();
  const uuid = "ab".repeat(16);
  mkdirSync(join(folder, "c/ab/ab"), { recursive: true });
  // It leads to itself, so that nobody can look at it.
  symlinkSync(uuid, join(folder, "c/ab/ab", uuid));
  const application = {
    blobTable: async () => "fileobj",
    knownBlobs: async (_client: unknown, names: readonly unknown[]) => names.map(() => false),
  };
  const found = surplusBlobs({} as never, application as never, folder, new Date());
  await expect(found.next()).rejects.toThrow("ELOOP");
});
