import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import { fingerprintInstance, type Fingerprint } from "../../src/demo/fingerprint.ts";
import { createInstance, type MadeUpInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { goldenArchives } from "../fixtures/golden.ts";
import { turnBackTo33, writeNgwArchive } from "../fixtures/ngw-archive.ts";
import { createTestDatabase, type TestDatabase } from "../fixtures/postgres.ts";
import { mustSucceed, runPython } from "../fixtures/python.ts";
import { restoreLikeNgw } from "../fixtures/read-like-ngw.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

async function tinyInstance(): Promise<{ database: TestDatabase; instance: MadeUpInstance }> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const sdir = await tempFolder();
  return { database, instance: await createInstance({ settings: database.settings, sdir, scale: tinyScale }) };
}

async function restored(archive: string): Promise<Fingerprint> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const sdir = await tempFolder();
  const places = { fileStoragePath: join(sdir, "file_storage"), fontPath: join(sdir, "core/fontconfig") };
  await restoreLikeNgw({ archive, settings: database.settings, ...places, rootEntry: true });
  return fingerprintInstance(database.settings, places.fileStoragePath, places.fontPath);
}

describe("archives in the manner of NextGIS Web", () => {
  test.each([
    { kind: "zip", piped: true },
    { kind: "zip", piped: false },
    { kind: "folder", piped: false },
  ] as const)("$kind, piped $piped: gives the instance back", async ({ kind, piped }) => {
    const { database, instance } = await tinyInstance();
    const { fileStoragePath, fontPath } = instance;
    const target = join(await tempFolder(), "made.ngwbackup");
    await writeNgwArchive({ settings: database.settings, fileStoragePath, fontPath, target, kind, piped });
    const before = await fingerprintInstance(database.settings, fileStoragePath, fontPath);
    expect(differences(afterRestore(before), await restored(target))).toEqual([]);
  });

  test("has the entries of a real one", async () => {
    const { database, instance } = await tinyInstance();
    const target = join(await tempFolder(), "made.ngwbackup");
    await writeNgwArchive({
      settings: database.settings,
      fileStoragePath: instance.fileStoragePath,
      target,
      piped: true,
    });
    const list = await runPython(
      "import sys, zipfile\nfor i in zipfile.ZipFile(sys.argv[1]).infolist(): print(i.filename, i.compress_type, i.flag_bits & 8)",
      [target],
    );
    const lines = list.toString().trimEnd().split("\n");
    expect(lines[0]).toMatch(/^\.\/ 0 /);
    expect(lines.filter((line) => / [^0] \d$/.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("component/"))).toContain("component/file_storage/$index 0 8");
    expect(lines.filter((line) => line.startsWith("component/core"))).toEqual([]);
    const listFile = (await mustSucceed("unzip", ["-p", target, "postgres/restore"])).toString();
    expect(listFile).toMatch(/^;\d+; 3079 \d+ EXTENSION - postgis/m);
    expect(listFile).toMatch(/^;\d+; 0 0 COMMENT - EXTENSION postgis/m);
    expect(listFile).toMatch(/^\d+; 0 0 COMMENT public TABLE resource /m);
  });

  test("an instance of older shape goes the same way", async () => {
    const { database, instance } = await tinyInstance();
    await turnBackTo33(database.settings);
    const target = join(await tempFolder(), "old.ngwbackup");
    const { fileStoragePath, fontPath } = instance;
    await writeNgwArchive({ settings: database.settings, fileStoragePath, target, piped: true });
    const before = { ...(await fingerprintInstance(database.settings, fileStoragePath, fontPath)), fonts: {} };
    expect(Object.keys(before.tables)).toContain("public.auth_oauth_token");
    expect(differences(afterRestore(before), await restored(target))).toEqual([]);
  });

  test("a broken rule is named", async () => {
    const folder = await tempFolder();
    const archive = join(folder, "broken.zip");
    await runPython("import sys, zipfile\nzipfile.ZipFile(sys.argv[1], 'w').writestr('component/x/$index', '')", [
      archive,
    ]);
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const restore = restoreLikeNgw({ archive, settings: database.settings, fileStoragePath: folder, fontPath: folder });
    await expect(restore).rejects.toThrow("there is no entry component/");
    expect(await readdir(folder)).toEqual(["broken.zip"]);
  });
});

describe.skipIf(goldenArchives.length === 0)("golden archives", () => {
  test.each(goldenArchives)("$name, read by other programs, has its expected fingerprint", async (golden) => {
    expect(differences(golden.expected(), await restored(golden.path))).toEqual([]);
  });
});
