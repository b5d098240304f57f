import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RunningLog, runningLogPath } from "../../src/history/running-log.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

test("a link in the place of a log leads nowhere: root writes into folders of others", async () => {
  const folder = await tempFolder();
  const victim = join(folder, "victim");
  writeFileSync(victim, "");
  symlinkSync(victim, runningLogPath(folder, 7));
  const log = new RunningLog(runningLogPath(folder, 7));
  log.append({ line: { at: 0, level: "message", text: "hello" } });
  await log.remove();
  expect(readFileSync(victim, "utf8")).toBe("");
});
