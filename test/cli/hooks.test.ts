import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AppError, ExitCode } from "../../src/errors.ts";
import { type CliResult, type RunCliOptions, runCli } from "../fixtures/run-cli.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { commandLinesWith } from "../fixtures/secret.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let folder: string;
let config: string;
let archive: string;

let instance: TestInstance;
/** An archive that verify has nothing to say against. */
let sound: string;

beforeAll(async () => {
  instance = await createTestInstance({ postgis: false });
  const { exitCode, stdout } = await runCli(["backup", ...instance.config]);
  expect(exitCode).toBe(0);
  sound = stdout.trimEnd();
});
afterAll(() => instance.drop());

beforeEach(async () => {
  folder = await tempFolder();
  mkdirSync(join(folder, "data"));
  config = join(folder, "config.ini");
  archive = join(folder, "a.ngwbackup");
  copyFileSync(sound, archive);
});

/** A program that keeps its arguments, stdin and our variables in files named for it. */
function hook(name: string, rest = ""): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `#!/bin/sh\nprintf '%s\\n' "$@" > ${path}.args\nenv | grep ^NGWBACKUP_ | sort > ${path}.env\ncat > ${path}.json\n${rest}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

function environmentOf(name: string): Record<string, string> {
  const lines = readFileSync(join(folder, `${name}.env`), "utf8")
    .trimEnd()
    .split("\n");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

function jsonOf(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Record<string, unknown>;
}

const ran = (name: string): boolean => existsSync(join(folder, `${name}.env`));

function configure(...lines: string[]): void {
  writeFileSync(
    config,
    [
      "[core]",
      `sdir = ${join(folder, "data")}`,
      "database.host = /nowhere",
      "database.name = ngw",
      "[ngwbackup]",
      ...lines,
      "",
    ].join("\n"),
  );
}

const ngwbackup = (args: readonly string[], options?: RunCliOptions): Promise<CliResult> =>
  runCli([...args, "--config", config], options);

describe("hooks", () => {
  test("run before and after a run, with its facts in the environment and as JSON, without a shell", async () => {
    configure(
      `hook.before = ${hook("before", "echo mounted")} $(touch ${folder}/shell) 'two words' *`,
      `hook.after = ${hook("after")}`,
      `hook.on_error = ${hook("failed")}`,
    );
    const result = await ngwbackup(["verify", archive]);
    expect(result).toMatchObject({ exitCode: 0, stdout: `ok ${archive}\n` });
    expect(result.stderr).toContain("hook.before: mounted\n");
    expect(readFileSync(join(folder, "before.args"), "utf8")).toBe(`$(touch\n${folder}/shell)\ntwo words\n*\n`);
    expect(existsSync(join(folder, "shell"))).toBe(false);
    expect(environmentOf("before")).toMatchObject({
      NGWBACKUP_EVENT: "before",
      NGWBACKUP_COMMAND: "verify",
      NGWBACKUP_ARCHIVE: archive,
      NGWBACKUP_RUN_ID: "1",
      NGWBACKUP_DATABASE: "ngw",
      NGWBACKUP_STATE: "",
    });
    expect(jsonOf("before")).toMatchObject({ event: "before", command: "verify", runId: 1, archive });
    expect(environmentOf("after")).toMatchObject({
      NGWBACKUP_EVENT: "after",
      NGWBACKUP_STATE: "done",
      NGWBACKUP_EXIT_CODE: "0",
      NGWBACKUP_LOSSES: "0",
      NGWBACKUP_ERROR: "",
    });
    expect(jsonOf("after")).toMatchObject({
      event: "after",
      state: "done",
      exitCode: 0,
      summary: { command: "verify", archives: [{ archive, ok: true }] },
    });
    expect(ran("failed")).toBe(false);
    const log = await ngwbackup(["history", "1"]);
    expect(log.stdout).toContain("hook.before: mounted");
  });

  test("a before that fails refuses the run, and nothing is touched", async () => {
    configure(
      `hook.before = ${hook("before", "echo the disk is away >&2; exit 7")}`,
      `hook.after = ${hook("after")}`,
      `hook.on_error = ${hook("failed")}`,
    );
    const target = join(folder, "new.ngwbackup");
    const { exitCode, stderr, stdout } = await ngwbackup(["backup", target]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toBe(
      `error: hook.before failed with exit status 7: ${join(folder, "before")}\n  the disk is away\nhint: nothing was touched; mend it, or take hook.before out of section [ngwbackup]\n`,
    );
    expect(existsSync(target)).toBe(false);
    expect(ran("after")).toBe(false);
    expect(environmentOf("failed")).toMatchObject({
      NGWBACKUP_EVENT: "on-error",
      NGWBACKUP_COMMAND: "backup",
      NGWBACKUP_ARCHIVE: target,
      NGWBACKUP_STATE: "refused",
      NGWBACKUP_EXIT_CODE: "4",
      NGWBACKUP_ERROR_CODE: "hook-failed",
      NGWBACKUP_ERROR: `hook.before failed with exit status 7: ${join(folder, "before")}`,
    });
    const json = await ngwbackup(["backup", "--json", target]);
    expect(JSON.parse(json.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      type: "error",
      code: "hook-failed",
    });
  });

  test("an after or on_error that fails is a warning, which the history has, and changes no exit code", async () => {
    configure(`hook.after = ${hook("after", "exit 1")}`, `hook.on_error = ${hook("failed", "echo no; exit 2")}`);
    const done = await ngwbackup(["verify", archive]);
    expect(done).toMatchObject({ exitCode: 0, stdout: `ok ${archive}\n` });
    expect(done.stderr).toContain(`warning: hook.after failed with exit status 1: ${join(folder, "after")}\n`);
    const failed = await ngwbackup(["verify", "--json", "/nowhere"]);
    expect(failed.exitCode).toBe(4);
    const lines = failed.stdout.trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ type: "summary" });
    expect(failed.stdout).toContain('"code":"hook-failed"');
    expect((await ngwbackup(["history", "2"])).stdout).toContain("warning: hook.on_error failed with exit status 2");
    expect((await ngwbackup(["history", "--json"])).stdout).toContain('"state":"done"');
  });

  test("one that takes too long is ended with all that it started", async () => {
    const mark = "61.4159";
    configure(`hook.before = ${hook("before", `sleep ${mark} & sleep ${mark}`)}`, "hook.timeout = 1");
    const { exitCode, stderr } = await ngwbackup(["verify", archive]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("error: hook.before was ended after 1 s (hook.timeout)");
    expect(commandLinesWith(`sleep ${mark}`)).toEqual([]);
  });

  test("what it leaves running does not hold us up", async () => {
    configure(`hook.before = ${hook("before", "sleep 5 &")}`);
    const startedMs = performance.now();
    expect((await ngwbackup(["verify", archive])).exitCode).toBe(0);
    // Its stdout stays open for as long as the sleep; that we did not wait for it can be told by it still running.
    expect(commandLinesWith("sleep 5").length, `after ${performance.now() - startedMs} ms`).toBeGreaterThan(0);
  });

  test("one that is not there refuses the run; a wrong command line is a wrong configuration", async () => {
    configure("hook.before = /nowhere/hook");
    const missing = await ngwbackup(["verify", archive]);
    expect(missing.exitCode).toBe(4);
    expect(missing.stderr).toContain("/nowhere/hook");
    configure("hook.before = 'open");
    expect((await ngwbackup(["backup"])).exitCode).toBe(2);
  });

  test("none runs for a dry run, or for what a hook itself starts", async () => {
    configure(`hook.before = ${hook("before", "exit 1")}`);
    await ngwbackup(["backup", "--dry-run", archive]);
    expect(ran("before")).toBe(false);
    expect((await ngwbackup(["verify", archive], { env: { NGWBACKUP_EVENT: "after" } })).exitCode).toBe(0);
    expect(ran("before")).toBe(false);
  });

  test("Ctrl-C ends before; the run ends as interrupted", async () => {
    configure(`hook.before = ${hook("before", "sleep 60")}`, `hook.on_error = ${hook("failed")}`);
    const abort = new AbortController();
    const running = ngwbackup(["verify", archive], { signal: abort.signal });
    while (!existsSync(join(folder, "before.json"))) await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort(new AppError("interrupted", "interrupted", {}, ExitCode.interrupted));
    expect(await running).toMatchObject({ exitCode: 130 });
    expect(environmentOf("failed")).toMatchObject({ NGWBACKUP_STATE: "interrupted", NGWBACKUP_EXIT_CODE: "130" });
  });

  test("a run that is killed in after has done its work", async () => {
    configure(`hook.after = ${hook("after", "sleep 30")}`);
    const { child, ended } = startProgram(["verify", archive, "--config", config]);
    while (!existsSync(join(folder, "after.json"))) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGKILL");
    await ended;
    expect((await ngwbackup(["history", "--json"])).stdout).toContain('"state":"done"');
  });
});
