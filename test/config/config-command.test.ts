import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await tempFolder();
});

it("prints a table of option, value and source, secrets masked", async () => {
  await writeFile(join(cwd, "my.ini"), "[core]\nsdir = /data\ndatabase.password = hunter2\nbackup.path = a\n");
  const env = { NEXTGISWEB__NGWBACKUP__JOBS: "3" };
  const { stdout, stderr, exitCode } = await runCli(["config", "--config", "my.ini"], { cwd, env });
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  const rows = stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(rows[0]).toEqual(["option", "value", "source"]);
  expect(rows).toContainEqual(["core.sdir", "/data", "my.ini:2"]);
  expect(rows).toContainEqual(["core.database.password", "********", "my.ini:3"]);
  expect(rows).toContainEqual(["core.backup.path", join(cwd, "a"), "my.ini:4"]);
  expect(rows).toContainEqual(["core.database.pwfile", "-", "default"]);
  expect(rows).toContainEqual(["ngwbackup.jobs", "3", "environment NEXTGISWEB__NGWBACKUP__JOBS"]);
  expect(stdout).not.toContain("hunter2");
});

it("prints a JSON line an option, and a summary", async () => {
  await writeFile(join(cwd, "config.ini"), "[core]\nsdir = /data\n");
  const { stdout, exitCode } = await runCli(["config", "--json"], { cwd });
  expect(exitCode).toBe(0);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toContainEqual({
    type: "option",
    section: "core",
    option: "sdir",
    value: "/data",
    source: "config.ini:2",
  });
  expect(lines.at(-1)).toEqual({
    type: "summary",
    command: "config",
    files: ["config.ini"],
    options: lines.length - 1,
  });
});

it("fails with exit 2, file, line and hint", async () => {
  await writeFile(join(cwd, "config.ini"), "[ngwbackup]\njob = 1\n");
  expect(await runCli(["config"], { cwd })).toMatchObject({
    stdout: "",
    stderr: 'error: config.ini:2: [ngwbackup] has no option "job"\nhint: did you mean jobs?\n',
    exitCode: 2,
  });
});
