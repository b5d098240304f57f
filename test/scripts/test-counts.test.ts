import { expect, test } from "vitest";
import { countTests } from "../../scripts/test-counts.ts";

function report(tests: string[], file = tests.includes("failed") ? "failed" : "passed"): string {
  const count = (status: string): number => tests.filter((state) => state === status).length;
  return JSON.stringify({
    numPassedTests: count("passed"),
    numFailedTests: count("failed"),
    numPendingTests: count("pending"),
    numTodoTests: count("todo"),
    testResults: [{ status: file, assertionResults: tests.map((status) => ({ status })) }],
  });
}

test.for<[what: string, text: string, exitCode: number, counts: [passed: number, failed: number, skipped: number]]>([
  ["a good run", report(["passed", "passed", "pending", "todo"]), 0, [2, 0, 2]],
  ["a failed test", report(["passed", "failed"]), 1, [1, 1, 0]],
  ["a file that cannot be loaded", report([], "failed"), 1, [0, 1, 0]],
  ["a failed hook beside good tests", report(["passed"], "failed"), 1, [1, 1, 0]],
  ["an unhandled error", report(["passed"]), 1, [1, 1, 0]],
  ["no tests at all", report([]), 0, [0, 1, 0]],
  ["nothing but skipped tests", report(["pending"]), 0, [0, 1, 1]],
  ["no report", "", 0, [0, 1, 0]],
])("%s is counted", ([, text, exitCode, [passed, failed, skipped]]) => {
  expect(countTests(text, exitCode)).toEqual({ passed, failed, skipped });
});
