import { spawn } from "node:child_process";
import { access, constants, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ensureServer, installPackages, type InstallOptions } from "../src/cluster/install-server.ts";
import { AppError } from "../src/errors.ts";

/** Counts of vitest's JSON report that the last line is made of. */
interface TestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numFailedTestSuites: number;
  success: boolean;
}

/** Programs besides PostgreSQL that tests run, and the Debian packages they are in. */
const programs = { python3: "python3", unzip: "unzip", zstd: "zstd", gzip: "gzip" };

const root = join(import.meta.dirname, "..");

async function hasProgram(name: string): Promise<boolean> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      await access(join(folder, name), constants.X_OK);
      return true;
    } catch {
      // The next folder may have it.
    }
  }
  return false;
}

async function installWhatIsMissing(): Promise<void> {
  const options: InstallOptions = {
    env: process.env,
    signal: new AbortController().signal,
    isRoot: process.geteuid?.() === 0,
    note: (text) => process.stdout.write(`${text}\n`),
  };
  const missing: string[] = [];
  for (const [name, debianPackage] of Object.entries(programs))
    if (!(await hasProgram(name))) missing.push(debianPackage);
  if (missing.length > 0) await installPackages(missing, `${missing.join(", ")} missing`, options);
  await ensureServer(options);
}

/** Runs one of the development tools of `node_modules` with its output shown. */
async function tool(name: string, args: readonly string[]): Promise<boolean> {
  process.stdout.write(`\n== ${name} ${args.join(" ")}\n`);
  const child = spawn(join(root, "node_modules", ".bin", name), args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return await new Promise((resolve) => {
    child.on("error", (error) => {
      process.stdout.write(`cannot start ${name}: ${error.message}\n`);
      resolve(false);
    });
    child.on("close", (code) => resolve(code === 0));
  });
}

async function readReport(path: string): Promise<TestReport | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as TestReport;
  } catch {
    return undefined;
  }
}

async function runAll(filters: readonly string[]): Promise<boolean> {
  await installWhatIsMissing();
  const checks = [
    await tool("oxfmt", ["--check", "src", "test", "scripts", "vitest.config.ts"]),
    await tool("tsc", ["-p", "."]),
    await tool("oxlint", ["--type-aware", "src", "test", "scripts"]),
  ];
  const folder = await mkdtemp(join(tmpdir(), "ngwbackup-report-"));
  const reportPath = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const ranWell = await tool("vitest", ["run", ...reporters, ...filters]);
  const report = await readReport(reportPath);
  await rm(folder, { recursive: true, force: true });
  const failedChecks = checks.filter((passed) => !passed).length;
  const passed = (report?.numPassedTests ?? 0) + checks.length - failedChecks;
  // A suite that could not even be loaded has no failed test of its own.
  const failedTests = Math.max(report?.numFailedTests ?? 0, ranWell && report?.success === true ? 0 : 1);
  const failed = failedTests + failedChecks;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const nothingRan = (report?.numPassedTests ?? 0) === 0;
  if (nothingRan) process.stdout.write("\nno test ran\n");
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed === 0 && !nothingRan;
}

try {
  process.exitCode = (await runAll(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  const hints = error.hints.map((hint) => `hint: ${hint}\n`).join("");
  process.stdout.write(
    `error: ${error.message}\n${error.details.map((line) => `  ${line}\n`).join("")}${hints}\n0 passed, 1 failed, 0 skipped\n`,
  );
  process.exitCode = 1;
}
