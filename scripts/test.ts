/*
 * `npm test`: installs what the machine lacks, then format check, type check, linter and all tests. Ends with one plain
 * line `N passed, N failed, N skipped`, in which a failed check counts as a failed test. Arguments go to vitest.
 */
import { spawn } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { installPackages } from "../src/cluster/install-packages.ts";
import { missingServerPackages } from "../src/cluster/install-server.ts";
import { AppError, messageOf } from "../src/errors.ts";
import { coloursFor } from "../src/terminal/colours.ts";
import { formatError } from "../src/terminal/error-text.ts";
import { formatDuration } from "../src/terminal/format.ts";
import { ensureOtherServers } from "./other-servers.ts";
import { ensureMoto } from "./moto.ts";
import { ensurePage } from "./page.ts";
import { countTests, type TestCounts } from "./test-counts.ts";

const root = join(import.meta.dirname, "..");
const env: Record<string, string | undefined> = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
};

const checks: [name: string, program: string, ...args: string[]][] = [
  ["format", "oxfmt", "--check"],
  ["types", "tsc", "-p", "."],
  ["types of the page", "tsc", "-p", "src/web/page"],
  ["lint", "oxlint", "--type-aware"],
];

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const verbose = false;
  process.stderr.write(formatError(error, { colours: coloursFor(process.stderr, process.env), verbose }));
  process.stdout.write("0 passed, 1 failed, 0 skipped\n");
  process.exitCode = 1;
}

async function main(vitestArgs: readonly string[]): Promise<number> {
  await installWhatIsMissing();
  let failedChecks = 0;
  for (const [name, program, ...args] of checks) {
    const startedMs = performance.now();
    const { exitCode, output } = await run(program, args);
    if (exitCode !== 0) failedChecks += 1;
    const state = exitCode === 0 ? "ok" : `failed\n${output.trimEnd()}`;
    process.stdout.write(`${name}: ${state} (${formatDuration(performance.now() - startedMs)})\n`);
  }
  const counts = await runTests(vitestArgs);
  const failed = counts.failed + failedChecks;
  process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
  return failed === 0 ? 0 : 1;
}

async function installWhatIsMissing(): Promise<void> {
  const missing = [...(await missingServerPackages(env))];
  const programs = [
    ["python3", "python3"],
    ["unzip", "unzip"],
    ["zstd", "zstd"],
    ["age", "age"],
    ["time", "/usr/bin/time"],
    ["chromium", "/usr/bin/chromium"],
  ] as const;
  // Servers of stores that are too large for every run: npm run test:stores.
  const storePrograms = [
    ["radosgw", "radosgw"],
    ["ceph-mon", "ceph-mon"],
    ["ceph-osd", "ceph-osd"],
    ["ceph-common", "ceph"],
  ] as const;
  for (const [packageName, program] of [...programs, ...(env["NGWBACKUP_TEST_STORES"] === "1" ? storePrograms : [])]) {
    if (!(await isThere(program))) missing.push(packageName);
  }
  const note = (line: string): boolean => process.stdout.write(`${line} ...\n`);
  if (missing.length > 0)
    await installPackages(missing, { env, signal: new AbortController().signal, isRoot: userInfo().uid === 0, note });
  if (!(await isThere("rclone"))) await installRclone(note);
  const problem = await ensureOtherServers(env, note);
  if (problem !== undefined) process.stdout.write(`without PostgreSQL 16 and 18: ${problem}\n`);
  await ensurePage();
  const withoutS3 = await ensureMoto(env, note);
  if (withoutS3 !== undefined) process.stdout.write(`without an S3 server: ${withoutS3}\n`);
}

/** Without it its tests are skipped by name, and all others run. */
async function installRclone(note: (line: string) => boolean): Promise<void> {
  try {
    await installPackages(["rclone"], {
      env,
      signal: new AbortController().signal,
      isRoot: userInfo().uid === 0,
      note,
    });
  } catch (error) {
    process.stdout.write(`without rclone: ${messageOf(error)}\n`);
  }
}

async function isThere(program: string): Promise<boolean> {
  const folders = program.includes("/") ? [""] : (env["PATH"] ?? "").split(delimiter);
  for (const folder of folders) {
    const found = await access(join(folder, program)).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

async function runTests(args: readonly string[]): Promise<TestCounts> {
  const folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-"));
  try {
    const resultPath = join(folder, "result.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${resultPath}`];
    // A part of the tests covers a part of the sources, and says nothing of the rest.
    const coverage = args.length === 0 ? ["--coverage"] : [];
    const { exitCode } = await run("vitest", ["run", ...reporters, ...coverage, ...args], true);
    const result = await readFile(resultPath, "utf8").catch(() => "");
    return countTests(result, exitCode);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a program of node_modules; shows what it prints, or collects it. */
function run(program: string, args: readonly string[], shown = false): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve, reject) => {
    const stdio = shown ? ("inherit" as const) : ("pipe" as const);
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", stdio, stdio] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", (cause) => reject(new AppError("program", `${program} cannot be started`, { cause })));
    child.on("close", (exitCode) => resolve({ exitCode: exitCode ?? 1, output }));
  });
}
