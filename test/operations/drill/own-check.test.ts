import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DrillCheck } from "../../../src/operations/drill/drill-check.ts";
import { runOwnCheck } from "../../../src/operations/drill/own-check.ts";
import { commandLinesWith } from "../../fixtures/secret.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

async function check(script: string, timeoutMs = 20_000): Promise<DrillCheck> {
  const program = join(await tempFolder(), "check");
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const { env } = process;
  return await runOwnCheck({ command: [program], timeoutMs, env, cwd: "/", signal: new AbortController().signal });
}

test("its exit code decides", async () => {
  expect(await check("exit 0")).toMatchObject({ state: "ok" });
  expect(await check("echo no style >&2; exit 3")).toMatchObject({ state: "bad", details: ["no style"] });
});

test("one that was killed or cannot be started says nothing", async () => {
  expect(await check("kill -KILL $$")).toMatchObject({ state: "skipped" });
  expect(await check("exec /nowhere/check")).toMatchObject({ state: "skipped" });
});

test("one that takes too long is ended with all that it started", async () => {
  const mark = "61.2718";
  expect(await check(`sleep ${mark} & sleep ${mark}`, 500)).toMatchObject({ state: "skipped" });
  expect(commandLinesWith(`sleep ${mark}`)).toEqual([]);
});
