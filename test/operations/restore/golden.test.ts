import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { differences } from "../../../src/demo/differences.ts";
import { fingerprintInstance } from "../../../src/demo/fingerprint.ts";
import { type GoldenArchive, goldenArchives } from "../../fixtures/golden.ts";
import { createTestDatabase } from "../../fixtures/postgres.ts";
import { restoreLikeNgw } from "../../fixtures/read-like-ngw.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { createTestInstance } from "../../fixtures/test-instance.ts";

const ways = ["in-place", "side-by-side"] as const;
const roles = ["ordinary", "superuser"] as const;
const targets = ["empty", "initialised"] as const;
/** Put into the instance beforehand: another release than the one under test. */
const other = (golden: GoldenArchive): GoldenArchive =>
  goldenArchives[(goldenArchives.indexOf(golden) + goldenArchives.length - 1) % goldenArchives.length]!;

const matrix = goldenArchives.flatMap((golden) =>
  ways.flatMap((way) =>
    roles.flatMap((role) => targets.map((target) => ({ golden, way, role, target, name: golden.name }))),
  ),
);

describe.skipIf(goldenArchives.length === 0)("archives of real installations", () => {
  test.each(matrix)(
    "$name restores $way as $role role into an $target instance",
    async ({ golden, way, role, target }) => {
      const instance = await createTestInstance({
        readyForSideBySide: way === "side-by-side" && role === "ordinary",
        superuser: role === "superuser",
      });
      try {
        if (target === "initialised") {
          const before = await runCli([
            "restore",
            ...instance.config,
            "--in-place",
            "--keep-previous",
            "0",
            other(golden).path,
          ]);
          expect(before).toMatchObject({ exitCode: 0, stdout: "" });
        }
        const result = await runCli(["restore", ...instance.config, `--${way}`, "--keep-previous", "0", golden.path]);
        expect(result.stderr).toContain(way === "in-place" ? "in place" : "side by side");
        expect(result).toMatchObject({ exitCode: 0, stdout: "" });
        expect(differences(golden.expected(), await instance.fingerprint())).toEqual([]);
      } finally {
        await instance.drop();
      }
    },
  );

  test.each(
    goldenArchives.flatMap((golden) =>
      ["deflate", "none"].map((compression) => ({ golden, compression, name: golden.name })),
    ),
  )(
    "$name backed up by us with compression $compression is read as NextGIS Web reads",
    async ({ golden, compression }) => {
      const instance = await createTestInstance();
      const target = await createTestDatabase();
      try {
        expect(await runCli(["restore", ...instance.config, golden.path])).toMatchObject({ exitCode: 0 });
        const backup = await runCli(["backup", ...instance.config, "--compression", compression]);
        expect(backup).toMatchObject({ exitCode: 0 });
        const folder = await tempFolder();
        const fileStoragePath = join(folder, "file_storage");
        const fontPath = join(folder, "fonts");
        await restoreLikeNgw({ archive: backup.stdout.trim(), settings: target.settings, fileStoragePath, fontPath });
        const found = await fingerprintInstance(target.admin, fileStoragePath, fontPath);
        const expected = golden.expected();
        expect(differences(expected, found)).toEqual([]);
      } finally {
        await instance.drop();
        await target.drop();
      }
    },
  );
});
