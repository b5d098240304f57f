import { mkdtempSync, chmodSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

// A drill is a restore and more; on a loaded machine it takes its time.
vi.setConfig({ testTimeout: 300_000 });

let instance: TestInstance;
let place: string;

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), "ngwbackup-test-"));
  chmodSync(place, 0o711);
  instance = await createTestInstance({ extraConfig: `backup.tmpdir = ${place}` });
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  expect((await runCli(["backup", ...instance.config])).exitCode).toBe(0);
});
afterAll(async () => {
  await instance.drop();
  rmSync(place, { recursive: true, force: true });
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test.each([
  ["SIGTERM", "while its server is made", /^ngwbackup-pg-/],
  ["SIGTERM", "in the middle of its restore", /file_storage/],
  ["SIGKILL", "in the middle of its restore", /file_storage/],
] as const)("a drill that %s ends %s leaves nothing", async (signal, _, mark) => {
  const { child, ended } = startProgram(["drill", ...instance.config]);
  const isThere = (): boolean => readdirSync(place, { recursive: true }).some((name) => mark.test(String(name)));
  while (!isThere() && child.exitCode === null) await pause();
  child.kill(signal);
  const { exitCode, stderr } = await ended;
  expect(exitCode, stderr).toBe(signal === "SIGTERM" ? 143 : null);
  expect(stderr).not.toContain("warning");
  // The guard of a server whose program was killed needs a moment.
  while (signal === "SIGKILL" && readdirSync(place).length > 0) await pause();
  expect(readdirSync(place)).toEqual([]);
});
