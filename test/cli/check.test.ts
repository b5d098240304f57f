import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { connect } from "../../src/postgres/connection.ts";
import { takeOperationLock } from "../../src/postgres/operation-lock.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(() => instance.drop());

const option = (name: string): string => `NEXTGISWEB__${name.replaceAll(".", "__").toUpperCase()}`;

describe("check names each thing that is wrong, and goes on", () => {
  test("a server that does not answer", async () => {
    const env = { [option("core.database.host")]: "127.0.0.1", [option("core.database.port")]: "1" };
    const { stdout, exitCode } = await runCli(["check", ...instance.config], { env });
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^ok {4}.*data can be read and written$/m);
    expect(stdout).toMatch(/^fail {2}no PostgreSQL server answers at 127\.0\.0\.1:1/m);
  });

  test("folders that are not there or not configured, a pg_dump that is not where it should be", async () => {
    const env = {
      [option("core.sdir")]: "/no/such/folder",
      [option("ngwbackup.pg_bindir")]: "/no/such/programs",
    };
    const { stdout, exitCode } = await runCli(["check", ...instance.config], { env });
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^fail {2}there is no folder \/no\/such\/folder$/m);
    expect(stdout).toMatch(/^fail {2}.*pg_dump.*\/no\/such\/programs/m);
    expect(stdout).toMatch(/^ok {4}the database can be reached$/m);
  });

  test("what is no folder, and a configuration without one", async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, "file"), "");
    const wrong = await runCli(["check", ...instance.config], {
      env: { [option("core.sdir")]: join(folder, "file", "x") },
    });
    expect(wrong.stdout).toMatch(/^fail {2}.*file\/x cannot be read and written \(ENOTDIR\)$/m);
    const { host, port, database, user } = instance.database.settings;
    const path = join(folder, "config.ini");
    const lines = [`host = ${host}`, `port = ${port}`, `name = ${database}`, `user = ${user}`];
    await writeFile(path, `[core]\n${lines.map((line) => `database.${line}`).join("\n")}\n`);
    const { stdout } = await runCli(["check", "--config", path]);
    expect(stdout).toMatch(/^warn {2}sdir is not configured, so no files are backed up or restored$/m);
    expect(stdout).toMatch(/^warn {2}no place for archives is configured, so every backup needs a target$/m);
    await rm(path);
  });

  test("another backup or restore that is at work is a warning", async () => {
    const other = await connect(instance.database.settings);
    try {
      await takeOperationLock(other);
      const { stdout } = await runCli(["check", ...instance.config]);
      expect(stdout).toMatch(/^warn {2}.*(another|other).*(backup|restore)/im);
    } finally {
      await other.end();
    }
  });
});
