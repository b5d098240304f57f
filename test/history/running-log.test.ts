import { appendFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RunningLog, readRunningLog, runningLogPath } from "../../src/history/running-log.ts";
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

test("a log gives back what it was given, the latest progress, and nothing for a line that is half written or made up", async () => {
  const path = runningLogPath(await tempFolder(), 7);
  const log = new RunningLog(path);
  const progress = { stage: "rows", doneBytes: 5, totalBytes: 10, bytesPerSecond: null, leftMs: 100 };
  log.append({ progress });
  log.append({ stage: { name: "rows", startedAt: 1, durationMs: null, bytes: 0 }, position: 0 });
  // Something is being written, so that this one is left out.
  log.append({ progress: { ...progress, doneBytes: 6 } });
  log.append({ line: { at: 2, level: "warning", text: "careful" } });
  while (!readFileOrNone(path).endsWith('"careful"}}\n')) await new Promise((resolve) => setImmediate(resolve));
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(lines).toHaveLength(3);
  appendFileSync(path, '{"stage":{"name":"far away"},"position":4000000000}\n{"progress":7}\nnull\n{"line":{"te');
  expect(await readRunningLog(path)).toEqual({
    stages: [{ name: "rows", startedAt: 1, durationMs: null, bytes: 0 }],
    lines: [{ at: 2, level: "warning", text: "careful" }],
    progress,
  });
  await log.remove();
  expect(existsSync(path)).toBe(false);
  expect(await readRunningLog(path)).toEqual({ stages: [], lines: [], progress: undefined });
});

function readFileOrNone(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
