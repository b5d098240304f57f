import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runDisturbed } from "../campaigns/io/disturbed-run.ts";
import type { Call, Fault } from "../fixtures/failing-calls/call-plan.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { type ProgramEnd, runProgram } from "../fixtures/run-program.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

/** The program runs several times, and a machine may be busy. */
const timeout = 5 * 60_000;

let instance: TestInstance;
let archive: string;

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  archive = (await ours("backup")).stdout.trim();
});
afterAll(() => instance.drop());

const ours = (command: string, ...args: string[]): Promise<CliResult> => runCli([command, ...instance.config, ...args]);

/** Runs the program as a process of its own, in which the nth of a call fails. */
async function failing(args: readonly string[], call: Call, nth: number, fault: Fault): Promise<ProgramEnd> {
  const run = await runDisturbed(
    {
      args: [...args.slice(0, 1), ...instance.config, ...args.slice(1)],
      roots: { instance: instance.folder },
      log: join(instance.folder, "..", `${instance.database.name}.calls`),
    },
    { call, nth, fault },
  );
  expect(run.met).toBe(true);
  return run.end;
}

test("an undo that is done and cannot tidy up says so, and the next command does it", { timeout }, async () => {
  // By a process that is gone then: what a live one has, nobody else settles.
  const restored = await runProgram(["restore", ...instance.config, "--in-place", "--keep-previous", "1h", archive]);
  expect(restored.exitCode).toBe(0);
  // What is kept is not taken back because its record cannot be read for a moment.
  const record = { kind: "read whole", place: "instance/data/ngwbackup/restore-*/run.json" } as const;
  const unread = await failing(["check"], record, 1, "EIO");
  expect(unread.stdout).toMatch(/run\.json, which tells how far a restore came: EIO/);
  const tile = join(instance.sdir, "render", "tile_cache", "of-the-restored-state");
  writeFileSync(tile, "");
  const list = { kind: "list", place: "instance/data/render/tile_cache" } as const;
  const undo = await failing(["restore", "--undo"], list, 1, "EIO");
  expect(undo.stderr).toContain("error: the undo is complete, but tidying up after it failed: EIO");
  expect(undo.stderr).toContain("hint: ngwbackup check finishes it");
  expect(undo.exitCode).toBe(1);
  const check = await ours("check");
  expect(check.stderr).toContain("finished an undo that was interrupted");
  expect(existsSync(tile)).toBe(false);
  expect((await ours("restore", "--undo")).stderr).toContain("no previous state is kept");
});

test("a limit of the system that is met is an error with a next step, no stack", { timeout }, async () => {
  const end = await failing(["backup"], { kind: "list", place: "instance/data/core/fontconfig" }, 1, "EMFILE");
  expect(end.stderr).toMatch(/^error: a file could not be read or written: EMFILE: .*core\/fontconfig'$/m);
  expect(end.stderr).toContain("hint: raise the limit of open files");
  expect(end.exitCode).toBe(1);
});
