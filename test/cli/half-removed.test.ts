import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runDisturbed } from "../campaigns/io/disturbed-run.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { type ProgramEnd, runProgram } from "../fixtures/run-program.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

/** The program runs several times, and a machine may be busy. */
const timeout = 5 * 60_000;

let instance: TestInstance;
let archive: string;
let saved: Fingerprint;
let before: Fingerprint;

/** An instance whose fonts have changed since its archive was made: files that a restore and an undo put over each other. */
beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  archive = (await ours("backup", "--one-shot")).stdout.trim();
  // Once through a restore, so that only fonts tell the states apart.
  expect(await ours("restore", "--in-place", "--keep-previous", "0", archive)).toMatchObject({ exitCode: 0 });
  saved = await instance.fingerprint();
  changeFonts();
  before = await instance.fingerprint();
  expect(differences(saved, before).length).toBeGreaterThan(0);
}, timeout);
afterAll(() => instance.drop());

const ours = (command: string, ...args: string[]): Promise<CliResult> => runCli([command, ...instance.config, ...args]);

function changeFonts(): void {
  const folder = join(instance.sdir, "core", "fontconfig");
  for (const name of readdirSync(folder))
    writeFileSync(join(folder, name), `another ${readFileSync(join(folder, name), "latin1").length}`);
}

/** Runs a restore as a process of its own that fails to remove something of its work folder, when other things are gone. */
async function failing(name: string, ...args: string[]): Promise<ProgramEnd> {
  const run = await runDisturbed(
    {
      args: ["restore", ...instance.config, ...args],
      roots: { instance: instance.folder },
      log: join(instance.folder, "..", `${instance.database.name}.calls`),
    },
    { call: { kind: "remove", place: `instance/data/ngwbackup/removed-*/${name}` }, nth: 1, fault: "EIO" },
  );
  expect(run.met).toBe(true);
  expect(run.end.exitCode, run.end.stderr).toBe(1);
  return run.end;
}

/** By a process that is gone then: what a live one has, nobody else settles. */
async function restoreAndKeep(): Promise<void> {
  const restored = await runProgram(["restore", ...instance.config, "--in-place", "--keep-previous", "1h", archive]);
  expect(restored.exitCode, restored.stderr).toBe(0);
}

const workFolders = (): string[] => readdirSync(instance.sdir).filter((name) => name === "ngwbackup");

describe("a work folder that is half removed", () => {
  test.each(["previous", "put.jsonl"])(
    "after an undo, with %s left, has nothing moved any more",
    { timeout },
    async (part) => {
      await restoreAndKeep();
      const undone = await failing(part, "--undo");
      expect(undone.stderr).toContain("the undo is complete, but tidying up after it failed: EIO");
      const check = await ours("check");
      expect(check.stderr).toContain("removed the rest of what a restore had set aside");
      expect(differences(before, await instance.fingerprint())).toEqual([]);
      expect(workFolders()).toEqual([]);
    },
  );

  test.each(["previous", "run.json"])(
    "after a restore that keeps nothing, with %s left, takes nothing back",
    { timeout },
    async (part) => {
      const restored = await failing(part, "--in-place", "--keep-previous", "0", archive);
      expect(restored.stderr).toContain("the restore is complete, but tidying up after it failed: EIO");
      expect(await ours("check")).toMatchObject({ exitCode: 0 });
      expect(differences(saved, await instance.fingerprint())).toEqual([]);
      expect(workFolders()).toEqual([]);
      changeFonts();
    },
  );

  test("of a kept state is no base for an undo, and the rest of it can be dropped", { timeout }, async () => {
    await restoreAndKeep();
    await failing("put.jsonl", "--keep-previous", "0");
    expect(await ours("restore", "--undo")).toMatchObject({ exitCode: 4 });
    expect(await ours("restore", "--keep-previous", "0")).toMatchObject({ exitCode: 0 });
    expect(differences(saved, await instance.fingerprint())).toEqual([]);
    expect(workFolders()).toEqual([]);
  });
});
