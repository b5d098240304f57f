import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { type PlannedFile, type RestoreFiles, keptName, planNewFiles } from "../../src/files/restore-files.ts";
import { bringBackOldFiles, makeLiveFolders, putNewFiles } from "../../src/files/swap-files.ts";
import { createWorkFolder } from "../../src/files/work-folder.ts";

const fonts: readonly PlannedFile[] = [
  { area: "fonts", path: "same.otf", number: 0 },
  { area: "fonts", path: "other.otf", number: 1 },
  { area: "fonts", path: "added.otf", number: 2 },
];

test.skipIf(!existsSync("/dev/shm"))(
  "fonts on another disk come back however often, also those that are the same",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "ngwbackup-files-"));
    const elsewhere = mkdtempSync("/dev/shm/ngwbackup-files-");
    try {
      const blobFolder = join(folder, "file_storage");
      mkdirSync(blobFolder);
      const folders = { dataFolder: folder, blobFolder, fontFolder: elsewhere, tileCacheFolder: undefined };
      const work = await createWorkFolder(folders, "restore", "run1", process.pid);
      const files: RestoreFiles = { work, areas: { blobs: blobFolder, fonts: elsewhere } };
      writeFileSync(join(elsewhere, "same.otf"), "same");
      writeFileSync(join(elsewhere, "other.otf"), "old");
      const texts = ["same", "new", "added"];
      for (const [index, font] of fonts.entries()) {
        const staged = keptName(files, "new", font);
        mkdirSync(dirname(staged), { recursive: true });
        writeFileSync(staged, texts[index]!);
      }
      const live = (): (string | undefined)[] =>
        fonts.map(({ path }) =>
          existsSync(join(elsewhere, path)) ? readFileSync(join(elsewhere, path), "utf8") : undefined,
        );
      await planNewFiles(files, fonts);
      await makeLiveFolders(files);
      // There and back, each as often as a run that dies needs it.
      for (let round = 0; round < 2; round += 1) {
        for (let time = 0; time < 2; time += 1) {
          await putNewFiles(files);
          expect(live()).toEqual(["same", "new", "added"]);
        }
        for (let time = 0; time < 3; time += 1) {
          await bringBackOldFiles(files);
          expect(live()).toEqual(["same", "old", undefined]);
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
      rmSync(elsewhere, { recursive: true, force: true });
    }
  },
);
