/** What a run of tests came to. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

interface VitestResult {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/**
 * Counts the tests of vitest's JSON report. What fails outside a test counts as failed too: a file that cannot be loaded
 * or whose hook fails, an unhandled error, a run without any test, a report that is missing.
 * @param report the report's text; empty when there is none
 * @param exitCode vitest's
 */
export function countTests(report: string, exitCode: number): TestCounts {
  if (report === "") return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(report) as VitestResult;
  const failedFiles = result.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const passed = result.numPassedTests;
  let failed = result.numFailedTests + failedFiles;
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped: result.numPendingTests + result.numTodoTests };
}
