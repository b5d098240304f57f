import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goldenArchives } from "../../fixtures/golden.ts";
import { filesBelow } from "../../fixtures/rclone.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

describe.skipIf(goldenArchives.length === 0)("out of an archive that NextGIS Web wrote", () => {
  test.each(goldenArchives)("$name every file is taken, and rows of tables", async ({ path, ...golden }) => {
    const to = await tempFolder();
    const result = await runCli(["extract", path, "--to", to]);
    expect(result.exitCode, result.stderr).toBe(0);
    const { blobs, tables } = golden.expected();
    const found = filesBelow(join(to, "file_storage")).map((name) => {
      const content = readFileSync(join(to, "file_storage", name));
      return [name, { size: content.length, sha256: createHash("sha256").update(content).digest("hex") }] as const;
    });
    expect(Object.fromEntries(found)).toEqual(blobs);
    const users = readFileSync(join(to, "tables/public.auth_user.copy"), "utf8").split("\n");
    expect(users.indexOf(String.raw`\.`)).toBe(tables["public.auth_user"]?.rows);
  });
});
