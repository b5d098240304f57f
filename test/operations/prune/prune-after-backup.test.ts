import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../../../src/config/settings.ts";
import type { Context } from "../../../src/context.ts";
import { pruneAfterBackup } from "../../../src/operations/prune/prune-after-backup.ts";
import { accessWith } from "../../../src/operations/stores/archive-access.ts";
import type { ProgressEvent } from "../../../src/progress.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

test("whatever fails, the backup before it has succeeded", async () => {
  const folder = await tempFolder();
  const config = join(folder, "config.ini");
  writeFileSync(config, "[ngwbackup]\nkeep.last = 1\n");
  const settings = await loadSettings({ env: {}, cwd: folder, configPaths: [config] });
  const events: ProgressEvent[] = [];
  const now = (): Date => {
    throw Object.assign(new Error("EIO: i/o error, scandir"), { code: "EIO" });
  };
  const { signal } = new AbortController();
  const context = { env: {}, cwd: folder, pid: process.pid, signal, now } as unknown as Context;
  const access = accessWith(settings, context, { report: (event) => void events.push(event) });
  expect(await pruneAfterBackup(join(folder, "a.ngwbackup"), settings, access)).toBeUndefined();
  expect(events).toMatchObject([{ type: "warning", code: "not-pruned" }]);
});
