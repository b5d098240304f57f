import { expect, test } from "vitest";
import { environmentOf } from "../../../src/operations/runs/run-facts.ts";
import { runLimited } from "../../../src/processes/limited-program.ts";

const facts = {
  command: "verify",
  runId: 1,
  host: "here",
  database: null,
  version: "1",
  startedAt: "2026-11-26T00:00:00.000Z",
} as const;

test("a run of thousands of archives can be told of", async () => {
  const archive = Array.from({ length: 4000 }, (_, index) => `/backup/архив-${index}.ngwbackup`).join("\n");
  const env = { PATH: process.env["PATH"], ...environmentOf({ ...facts, archive }) };
  const options = { env, cwd: "/", input: "", timeoutMs: 10_000 };
  expect(await runLimited(["printenv", "NGWBACKUP_ARCHIVE"], options)).toMatchObject({ status: 0 });
});

test("an environment that no program can be started with is an expected error", async () => {
  const options = { env: { ...process.env, LONG: "x".repeat(200_000) }, cwd: "/", input: "", timeoutMs: 10_000 };
  await expect(runLimited(["true"], options)).rejects.toMatchObject({ code: "program-failed" });
});
