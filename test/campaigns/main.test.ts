import { expect, test } from "vitest";
import { join } from "node:path";
import { runProgram } from "../fixtures/python.ts";

const run = (args: readonly string[]) =>
  runProgram(process.execPath, [
    "--disable-warning=ExperimentalWarning",
    join(import.meta.dirname, "main.ts"),
    ...args,
  ]);

test.each([
  [[], "no campaign is named"],
  [["nonsense"], "there is no campaign nonsense"],
  [["flip", "--count", "many"], "--count takes a whole number, found many"],
  [["flip", "--nonsense"], "Unknown option '--nonsense'"],
])("npm run campaign -- %j says what is wrong, before anything is started", async (args, message) => {
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(`error: ${message}`);
  expect(stderr).toContain("hint: npm run campaign -- --help");
});

test("--help names every campaign", async () => {
  const { exitCode, stdout } = await run(["--help"]);
  expect(exitCode).toBe(0);
  for (const name of [
    "kill-restore",
    "kill-backup",
    "flip",
    "disk-full",
    "server",
    "writers",
    "standby",
    "hostile",
    "many",
    "io",
    "increments",
  ])
    expect(stdout.toString()).toContain(name);
});
