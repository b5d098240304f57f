import { readdirSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../../../src/config/settings.ts";
import { AppError } from "../../../src/errors.ts";
import { childError } from "../../../src/operations/runs/child-log.ts";
import { startRun } from "../../../src/operations/runs/start-run.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { webContext } from "../../fixtures/web-server.ts";

test("a program that ends before it is a run has its error told, and leaves nothing behind", async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, "data"));
  const [good, bad] = [join(folder, "good.ini"), join(folder, "bad.ini")];
  writeFileSync(good, `[core]\nsdir = ${join(folder, "data")}\n`);
  writeFileSync(bad, `[core]\nsdir = ${join(folder, "data")}\n[ngwbackup]\njobs = many\n`);
  const settings = await loadSettings({ env: {}, cwd: folder, configPaths: [good] });
  const context = webContext(folder, () => new Date(), new AbortController().signal);
  const start = async (configPath: string): Promise<unknown> =>
    await startRun({ kind: "undo" }, { settings, configPaths: [configPath], startedBy: "anna", context });
  const error = await errorOf(async () => await start(bad));
  expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining("jobs") as string });
  expect(error).toBeInstanceOf(AppError);
  expect(readdirSync(join(folder, "data", ".ngwbackup"))).toEqual(["history.sqlite"]);
  const none = await loadSettings({ env: {}, cwd: folder, configPaths: [] });
  const nowhere = startRun({ kind: "undo" }, { settings: none, configPaths: [], startedBy: "anna", context });
  await expect(nowhere).rejects.toMatchObject({ code: "no-state" });
});

test("the error of a program is the last that it printed; one that says nothing has its last words told", () => {
  const line = (record: object): string => `${JSON.stringify(record)}\n`;
  const error = { type: "error", code: "busy", message: "it is busy", hint: "wait\nor not", details: ["run 3"] };
  expect(childError(line({ type: "warning", message: "no" }) + line(error), 6)).toMatchObject({
    code: "busy",
    message: "it is busy",
    hints: ["wait", "or not"],
    details: ["run 3"],
    exitCode: 6,
  });
  expect(childError(`cut off"}\n${line({ type: "progress" })}FATAL ERROR: heap out of memory\n`, null)).toMatchObject({
    code: "child-failed",
    message: "the program was killed, and did not say why",
    details: expect.arrayContaining(["FATAL ERROR: heap out of memory"]) as string[],
    exitCode: 1,
  });
});
