import { expect, test } from "vitest";
import type { NewsEntry } from "../../../src/history/running-log.ts";
import { NewsCollector } from "../../../src/operations/runs/collect-news.ts";

function collector(secrets: readonly string[] = []): { news: NewsCollector; passed: NewsEntry[] } {
  let ms = 0;
  const news = new NewsCollector({ now: () => new Date(1000), clockMs: () => (ms += 10), secrets });
  const passed: NewsEntry[] = [];
  news.passTo((entry) => passed.push(entry));
  return { news, passed };
}

test("stages get the time until the next one, and the bytes that they told last", () => {
  const { news, passed } = collector();
  news.take({ type: "stage", stage: "rows", totalBytes: 100 });
  news.take({ type: "progress", stage: "rows", doneBytes: 60 });
  news.take({ type: "progress", stage: "another", doneBytes: 1 });
  news.take({ type: "progress", stage: "rows", doneBytes: 100 });
  news.take({ type: "stage", stage: "blobs" });
  news.endStage();
  news.endStage();
  expect(news.news().stages).toEqual([
    { name: "rows", startedAt: 1000, durationMs: 10, bytes: 100 },
    { name: "blobs", startedAt: 1000, durationMs: 10, bytes: 0 },
  ]);
  expect(passed.map((entry) => ("stage" in entry ? [entry.position, entry.stage.durationMs] : []))).toEqual([
    [0, null],
    [0, 10],
    [1, null],
    [1, 10],
  ]);
});

test("messages and warnings become lines, secrets masked, words that are passwords left", () => {
  const { news } = collector(["swordfish", "ngw"]);
  news.take({ type: "message", message: "ngw says swordfish\n\n again" });
  news.take({ type: "warning", code: "x", message: "careful", details: ["of this"] });
  expect(news.news().lines.map(({ level, text }) => [level, text])).toEqual([
    ["message", "ngw says ********"],
    ["message", " again"],
    ["warning", "careful"],
    ["warning", "  of this"],
  ]);
});

test("a log ends somewhere, but an error stands in it", () => {
  const { news } = collector();
  for (let index = 0; index < 10_005; index += 1) news.line("warning", `loss ${index}`);
  news.line("error", "the end");
  const { lines } = news.news();
  expect(lines).toHaveLength(10_002);
  expect(lines.slice(-2).map(({ text }) => text)).toEqual(["the end", "and 5 more lines, left out"]);
});
