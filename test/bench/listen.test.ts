import { expect, test } from "vitest";
import { listen } from "../../bench/progress/listen.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";

const lines = [
  { type: "progress", stage: "rows", doneBytes: 0 },
  { type: "warning", code: "w", message: "m" },
  { type: "progress", stage: "rows", doneBytes: 5, totalBytes: 9, bytesPerSecond: 10, runLeftMs: 400 },
  { type: "summary" },
];

/** A program that prints the lines, when it is called with --json, and ends so. */
function program(exitCode: number) {
  const source = `if (process.argv.includes("--json")) console.log(${JSON.stringify(lines.map((line) => JSON.stringify(line)).join("\n"))}); process.exitCode = ${exitCode}`;
  return { argv: [process.execPath, "-e", source, "--"] };
}

test("lines of progress are noted with the time at which they came", async () => {
  const run = await listen(program(0), cleanEnvironment(), new AbortController().signal);
  expect(run.lines).toEqual([
    {
      atMs: expect.any(Number) as number,
      stage: "rows",
      doneBytes: 0,
      bytesPerSecond: undefined,
      runLeftMs: undefined,
    },
    { atMs: expect.any(Number) as number, stage: "rows", doneBytes: 5, bytesPerSecond: 10, runLeftMs: 400 },
  ]);
  expect(run.lines.every(({ atMs }) => atMs > 0 && atMs <= run.durationMs)).toBe(true);
});

test("a command that fails is no measurement", async () => {
  const failed = listen(program(3), cleanEnvironment(), new AbortController().signal);
  await expect(failed).rejects.toThrow("ended with 3");
  const stopped = listen(program(0), cleanEnvironment(), AbortSignal.abort(new Error("stopped")));
  await expect(stopped).rejects.toThrow("stopped");
});
