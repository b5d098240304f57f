import { spawn } from "node:child_process";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { Context } from "../src/context.ts";
import { AppError, UsageError } from "../src/errors.ts";
import { runCommandLine } from "../src/main.ts";
import { coloursFor } from "../src/terminal/colours.ts";
import { errorRecord, formatError } from "../src/terminal/error-text.ts";
import { launcherEnvironment, repositoryFolder } from "./fixtures/clone.ts";

async function run(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const { signal } = new AbortController();
  const context: Context = {
    env: {},
    cwd: "/",
    calledAs: "ngwbackup",
    pid: process.pid,
    isRoot: false,
    now: () => new Date(),
    signal,
    stdin: new PassThrough(),
    stdout,
    stderr,
  };
  const exitCode = await runCommandLine(context, args);
  const text = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? "";
  return { exitCode, stdout: text(stdout), stderr: text(stderr) };
}

test.for<[args: string[], message: string, hint: RegExp]>([
  [["bakcup"], "there is no command bakcup", /^hint: did you mean `backup`\nhint: ngwbackup --help$/],
  [["backup", "--stric"], "no flag registered for --stric", /^hint: did you mean --strict\n/],
  [["backup", "--jobs", "0"], 'failed to parse "0" for jobs: expected a whole number from 1', /^hint: /],
  [["backup", "--read-rate", "fast"], 'failed to parse "fast" for read-rate: expected a size such as', /^hint: /],
  [["backup", "--write-rate=-1"], 'failed to parse "-1" for write-rate: expected a size such as', /^hint: /],
  [["restore", "--nice", "a"], "no flag registered for --nice", /^hint: /],
  [["backup", "--compression", "lzma"], "expected", /^hint: /],
  [["restore", "a", "b"], 'too many arguments, expected 1 but encountered "b"', /^hint: /],
  [["restore", "a", "--keep-previous", "soon"], "expected a duration", /^hint: /],
  [["verify"], "expected at least 1 argument(s) for ARCHIVE", /^hint: /],
  [["migrations", "sideways"], "there is no command sideways", /^hint: /],
])("wrong usage %s: exit 2, an error line and hints on stderr, an empty stdout", async ([args, message, hint]) => {
  const { exitCode, stdout, stderr } = await run(...args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  const [first = "", ...rest] = stderr.trimEnd().split("\n");
  expect(first).toMatch(/^error: [^A-Z]/);
  expect(first).toContain(message);
  expect(rest.join("\n")).toMatch(hint);
});

test("wrong usage with --json is a JSON line on stdout", async () => {
  const { exitCode, stdout, stderr } = await run("--json", "backup", "--stric");
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ type: "error", code: "usage", exitCode: 2 });
});

test.for(["backup", "restore", "verify", "list", "inspect", "check", "migrations", "config", "demo", "completion"])(
  "%s --help goes to stdout, with examples for commands",
  async (command) => {
    const { exitCode, stdout, stderr } = await run(command, "--help");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^USAGE\n/);
    expect(stdout).not.toContain("[default = false]");
    if (command !== "migrations") expect(stdout).toContain(`Examples:\n  `);
  },
);

test("completion proposes commands and flags", async () => {
  expect((await run("__complete", "re")).stdout).toBe("restore\n");
  expect((await run("__complete", "backup", "--over")).stdout).toBe("--overwrite\n");
  expect((await run("__complete", "backup", "--ni")).stdout).toBe("--nice\n");
  expect((await run("__complete", "backup", "--read")).stdout).toBe("--read-rate\n");
  expect((await run("completion", "bash")).stdout).toContain("complete -o default -F _ngwbackup ngwbackup\n");
});

test("an expected error shows details and hints, a cause only when asked, and no control characters", () => {
  const error = new AppError("x", "cannot\u001b read", { details: ["a\nb"], hints: ["look"], cause: new Error("why") });
  const colours = coloursFor(new PassThrough(), {});
  const plain = "error: cannot\\x1b read\n  a\\nb\n";
  expect(formatError(error, { colours, verbose: false })).toBe(`${plain}hint: look\n`);
  expect(formatError(error, { colours, verbose: true })).toBe(`${plain}  because: Error: why\nhint: look\n`);
});

test("an unknown error shows its stack, and is exit code 1", () => {
  const error = new TypeError("defect");
  expect(formatError(error, { colours: coloursFor(new PassThrough(), {}), verbose: false })).toMatch(
    /^error: unexpected: TypeError: defect\n\s+at /,
  );
  expect(errorRecord(error)).toMatchObject({ type: "error", code: "unexpected", exitCode: 1 });
  expect(errorRecord(new UsageError("u", "m"))).toEqual({
    type: "error",
    code: "u",
    message: "m",
    hint: null,
    exitCode: 2,
  });
});

test.for([
  ["SIGINT", 130, "interrupted"],
  ["SIGTERM", 143, "ended by SIGTERM"],
] as const)("%s ends a command that waits with exit code %i", async ([name, code, message]) => {
  // Reads its archive from a stdin that never comes to an end.
  const child = spawn(join(repositoryFolder, "bin", "ngwbackup"), ["verify", "-"], { env: launcherEnvironment() });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stderr.once("data", () => child.kill(name));
  child.stdin.write("PK");
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(code);
  expect(stderr).toContain(`error: ${message}\n`);
});

test("a reader of stdout that goes away is no crash", async () => {
  const child = spawn(join(repositoryFolder, "bin", "ngwbackup"), ["--help"], { env: launcherEnvironment() });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  expect(stderr).toBe("");
});
