import { expect, test } from "vitest";
import type { NewsEntry } from "../../../src/history/running-log.ts";
import { NewsCollector } from "../../../src/operations/runs/collect-news.ts";

interface Collected {
  news: NewsCollector;
  passed: NewsEntry[];
  /** Lets time pass. */
  pass: (durationMs: number) => void;
}

function collector(secrets: readonly string[] = []): Collected {
  let ms = 0;
  const news = new NewsCollector({ now: () => new Date(1000), clockMs: () => ms, secrets });
  const passed: NewsEntry[] = [];
  news.passTo((entry) => passed.push(entry));
  return { news, passed, pass: (durationMs) => (ms += durationMs) };
}

test("stages get the time until the next one, and the bytes that they told last", () => {
  const { news, passed, pass } = collector();
  news.take({ type: "stage", stage: "rows", totalBytes: 100 });
  news.take({ type: "progress", stage: "rows", doneBytes: 60 });
  news.take({ type: "progress", stage: "another", doneBytes: 1 });
  pass(10);
  news.take({ type: "progress", stage: "rows", doneBytes: 100 });
  news.take({ type: "stage", stage: "blobs" });
  pass(10);
  news.endStage();
  news.endStage();
  expect(news.news().stages).toEqual([
    { name: "rows", startedAt: 1000, durationMs: 10, bytes: 100 },
    { name: "blobs", startedAt: 1000, durationMs: 10, bytes: 0 },
  ]);
  expect(passed.flatMap((entry) => ("stage" in entry ? [[entry.position, entry.stage.durationMs]] : []))).toEqual([
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

test("how far a run is, is told when a stage begins and when it is asked for, with rate and time left, and not behind its end", () => {
  const { news, passed, pass } = collector();
  const told = (): unknown[] => passed.splice(0).flatMap((entry) => ("progress" in entry ? [entry.progress] : []));
  news.tellProgress();
  expect(told()).toEqual([]);
  news.take({
    type: "plan",
    stages: [
      { stage: "rows", expectedMs: 1000 },
      { stage: "blobs", expectedMs: 1000 },
    ],
  });
  news.take({ type: "stage", stage: "rows", totalBytes: 1000 });
  expect(told()).toMatchObject([{ stage: "rows", doneBytes: 0, totalBytes: 1000, bytesPerSecond: null }]);
  for (let index = 1; index <= 50; index += 1) {
    pass(10);
    news.take({ type: "progress", stage: "rows", doneBytes: index * 10, totalBytes: 1000 });
    // A stage that runs beside it has its own count.
    news.take({ type: "work", stage: "blobs", share: index / 100 });
  }
  expect(told()).toEqual([]);
  news.tellProgress();
  const [progress] = told() as { leftMs: number }[];
  expect(progress).toMatchObject({ stage: "rows", doneBytes: 500, totalBytes: 1000, bytesPerSecond: 1000 });
  // Half of both stages is done, in half a second.
  expect(progress?.leftMs).toBeGreaterThan(300);
  expect(progress?.leftMs).toBeLessThan(800);
  news.take({ type: "stage", stage: "blobs" });
  expect(told()).toMatchObject([{ stage: "blobs", doneBytes: 0, totalBytes: null, bytesPerSecond: null }]);
  news.endStage();
  news.tellProgress();
  expect(told()).toEqual([]);
});
