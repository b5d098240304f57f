import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Context, OutputStream } from "../../src/context.ts";
import { startStage } from "../../src/progress.ts";
import { coloursFor } from "../../src/terminal/colours.ts";
import { JsonReporter } from "../../src/terminal/json-reporter.ts";
import { openOutput } from "../../src/terminal/output.ts";
import { PlainReporter } from "../../src/terminal/plain-reporter.ts";
import { TerminalReporter } from "../../src/terminal/terminal-reporter.ts";

interface Captured {
  stream: OutputStream;
  text(): string;
}

function capture(terminal = false, columns = 80): Captured {
  const stream = Object.assign(new PassThrough(), terminal ? { isTTY: true, columns } : {});
  return { stream, text: () => (stream.read() as Buffer | null)?.toString() ?? "" };
}

function steppedClock(): { now: () => number; pass(ms: number): void } {
  let atMs = 0;
  return {
    now: () => atMs,
    pass(ms) {
      atMs += ms;
    },
  };
}

const mebibyte = 1024 ** 2;

describe("on a terminal", () => {
  test("one line shows stage, bytes, rate and time left, and a finished stage stays", () => {
    const out = capture(true);
    const clock = steppedClock();
    const reporter = new TerminalReporter(out.stream, coloursFor(out.stream, { NO_COLOR: "1" }), clock.now);
    const stage = startStage(reporter, "rows", 100 * mebibyte);
    clock.pass(1000);
    stage.advance(10 * mebibyte);
    clock.pass(1000);
    stage.advance(10 * mebibyte);
    const drawn = out.text().split("\r\u001b[2K");
    expect(drawn.at(-1)).toBe("rows  20 %  20.0 MiB of 100.0 MiB  10.0 MiB/s  8.0 s left");
    expect(drawn.join("")).not.toContain("\n");
    reporter.close();
    expect(out.text()).toBe("\r\u001b[2Krows: 20.0 MiB, 2.0 s\n");
  });

  test("it is not drawn more often than ten times a second, nor wider than the terminal", () => {
    const out = capture(true, 40);
    const clock = steppedClock();
    const reporter = new TerminalReporter(out.stream, coloursFor(out.stream, {}), clock.now);
    const stage = startStage(reporter, "a stage with a very long name, longer than a line", mebibyte);
    for (let count = 0; count < 1000; count += 1) {
      clock.pass(1);
      stage.advance(1);
    }
    const drawn = out.text().split("\r\u001b[2K").slice(1);
    expect(drawn.length).toBeLessThanOrEqual(11);
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(40);
  });

  test("a warning stands on lines of its own and the progress line comes back", () => {
    const out = capture(true);
    const reporter = new TerminalReporter(out.stream, coloursFor(out.stream, {}), steppedClock().now);
    startStage(reporter, "blobs");
    out.text();
    reporter.report({ type: "warning", code: "missing", message: "one is\u001b missing", details: ["here"] });
    expect(out.text()).toBe("\r\u001b[2K\u001b[33mwarning:\u001b[0m one is\\x1b missing\n  here\n\r\u001b[2Kblobs");
  });
});

test("elsewhere a stage is a line when it is over", () => {
  const out = capture();
  const clock = steppedClock();
  const reporter = new PlainReporter(out.stream, coloursFor(out.stream, {}), clock.now);
  startStage(reporter, "rows", mebibyte).advance(mebibyte);
  clock.pass(1500);
  startStage(reporter, "manifest");
  reporter.report({ type: "message", message: "hello" });
  reporter.close();
  reporter.close();
  expect(out.text()).toBe("rows: 1.0 MiB, 1.5 s\nhello\nmanifest: 0.0 s\n");
});

test("JSON lines each have a type, are at most four a second, and none is lost at the end", () => {
  const out = capture();
  const clock = steppedClock();
  const reporter = new JsonReporter(out.stream, clock.now, false);
  const stage = startStage(reporter, "rows", 5000);
  for (let count = 0; count < 1000; count += 1) {
    clock.pass(1);
    stage.advance(5);
  }
  reporter.report({ type: "warning", code: "w", message: "line\nend" });
  const lines = out
    .text()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; doneBytes?: number });
  expect(lines.length).toBeLessThanOrEqual(8);
  const progress = { type: "progress", stage: "rows", doneBytes: 5000, totalBytes: 5000, bytesPerSecond: 5000 };
  expect(lines.at(-2)).toEqual(progress);
  expect(lines.at(-1)).toEqual({ type: "warning", code: "w", message: "line\nend" });
});

describe("the time left is the whole run's", () => {
  const plan = {
    type: "plan",
    stages: [
      { stage: "rows", expectedMs: 100_000 },
      { stage: "blobs", expectedMs: 300_000 },
    ],
  } as const;

  test("on a terminal, and it goes on while nothing is heard", () => {
    const out = capture(true);
    const clock = steppedClock();
    const reporter = new TerminalReporter(out.stream, coloursFor(out.stream, { NO_COLOR: "1" }), clock.now);
    reporter.report(plan);
    const stage = startStage(reporter, "rows", 100 * mebibyte);
    clock.pass(50_000);
    stage.advance(50 * mebibyte);
    clock.pass(10_000);
    reporter.tick();
    const drawn = out.text().split("\r\u001b[2K");
    expect(drawn.at(-2)).toBe("rows  50 %  50.0 MiB of 100.0 MiB  1.0 MiB/s  5 min 50 s left");
    expect(drawn.at(-1)).toMatch(/ {2}5 min 40 s left$/);
  });

  test("in lines, when it is long", () => {
    const out = capture();
    const clock = steppedClock();
    const reporter = new PlainReporter(out.stream, coloursFor(out.stream, {}), clock.now);
    reporter.report(plan);
    const rows = startStage(reporter, "rows", mebibyte);
    clock.pass(100_000);
    rows.advance(mebibyte);
    startStage(reporter, "blobs", mebibyte).advance(mebibyte);
    reporter.close();
    expect(out.text()).toBe("rows: 1.0 MiB, 1 min 40 s, 5 min 00 s left\nblobs: 1.0 MiB, 0.0 s\n");
  });

  test("in JSON, also for work that moves no bytes and for time alone", () => {
    const out = capture();
    const clock = steppedClock();
    const reporter = new JsonReporter(out.stream, clock.now, false);
    reporter.report(plan);
    startStage(reporter, "rows");
    clock.pass(50_000);
    reporter.report({ type: "work", stage: "rows", share: 0.5 });
    clock.pass(1000);
    reporter.tick();
    const line = { type: "progress", stage: "rows", doneBytes: 0 };
    const told = out.text().trimEnd().split("\n");
    expect(told.map((text) => JSON.parse(text) as unknown)).toEqual(
      [400_000, 350_000, 349_000].map((runLeftMs) => ({ ...line, runLeftMs })),
    );
    reporter.close();
    clock.pass(1000);
    reporter.tick();
    expect(out.text()).toBe("");
  });
});

describe("a command's output", () => {
  function context(out: Captured, messages: Captured): Context {
    const { signal } = new AbortController();
    const outside = { env: {}, cwd: "/", calledAs: "ngwbackup", pid: 1, isRoot: false, now: () => new Date(0), signal };
    return { ...outside, stdin: new PassThrough(), stdout: out.stream, stderr: messages.stream };
  }

  test("the result goes to stdout, news to stderr", () => {
    const [out, messages] = [capture(), capture()];
    const output = openOutput(context(out, messages), {});
    startStage(output, "rows");
    output.note("a plan\n");
    output.finish({ path: "/a" }, "/a\n");
    output.close();
    expect(out.text()).toBe("/a\n");
    expect(messages.text()).toMatch(/^rows: .*\na plan\n$/);
  });

  test("with --json stdout ends with the summary, and stderr is empty", () => {
    const [out, messages] = [capture(), capture()];
    const output = openOutput(context(out, messages), { json: true });
    startStage(output, "rows");
    output.note("a plan\n");
    output.finish({ path: "/a" }, "/a\n");
    expect(out.text()).toBe('{"type":"progress","stage":"rows","doneBytes":0}\n{"type":"summary","path":"/a"}\n');
    expect(messages.text()).toBe("");
  });

  test("with --quiet only warnings come", () => {
    const [out, messages] = [capture(), capture()];
    const output = openOutput(context(out, messages), { quiet: true });
    startStage(output, "rows");
    output.report({ type: "message", message: "hello" });
    output.report({ type: "warning", code: "w", message: "careful" });
    output.finish({}, "/a\n");
    expect(out.text()).toBe("/a\n");
    expect(messages.text()).toBe("warning: careful\n");
  });
});
