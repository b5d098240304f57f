import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;
let archive: string;
let folder: string;

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  const { exitCode, stdout } = await runCli(["backup", ...instance.config]);
  expect(exitCode).toBe(0);
  archive = stdout.trimEnd();
});
afterAll(() => instance.drop());
beforeEach(async () => {
  folder = await tempFolder();
});

/** A systemctl that notes how it is called, and fails at one verb. */
function standInSystemctl({ isActive = true, fails }: { isActive?: boolean; fails?: string } = {}): void {
  mkdirSync(join(folder, "bin"), { recursive: true });
  const path = join(folder, "bin", "systemctl");
  const cases = [
    ...(isActive ? [] : ["is-active) exit 3;;"]),
    ...(fails === undefined ? [] : [`${fails}) echo "no such unit" >&2; exit 5;;`]),
  ];
  writeFileSync(
    path,
    `#!/bin/sh\necho "$*" >> ${join(folder, "calls")}\ncase "$1" in ${cases.join(" ")} *) exit 0;; esac\n`,
  );
  chmodSync(path, 0o755);
}

function calls(): string[] {
  const path = join(folder, "calls");
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  rmSync(path);
  return lines;
}

function restore(...args: string[]): Promise<CliResult> {
  return runCli(["restore", "--yes", "--service", "ngw.service", ...instance.config, ...args], {
    env: { PATH: `${join(folder, "bin")}:${process.env["PATH"]}` },
  });
}

const [asked, stopped, started] = ["is-active -- ngw.service", "stop -- ngw.service", "start -- ngw.service"];

describe("restore --service", () => {
  test("stops the service before, and starts it after a success, whether it ran or not", async () => {
    standInSystemctl({ isActive: false });
    const { exitCode, stderr } = await restore(archive);
    expect(exitCode).toBe(0);
    expect(calls()).toEqual([asked, stopped, started]);
    expect(stderr).toContain("stopping ngw.service\n");
    expect(stderr).toMatch(/starting ngw\.service\n$/);
    expect(stderr).not.toContain("start the service again");
  });

  test("a restore that is refused changes nothing: a service that ran runs again, one that did not stays as it was", async () => {
    standInSystemctl();
    const client = new Client({ ...instance.database.admin });
    await client.connect();
    try {
      expect((await restore(archive)).exitCode).toBe(4);
      expect(calls()).toEqual([asked, stopped, started]);
      standInSystemctl({ isActive: false });
      const refused = await restore(archive);
      expect(refused.exitCode).toBe(4);
      expect(refused.stderr).not.toContain("left stopped");
      expect(calls()).toEqual([asked, stopped]);
    } finally {
      await client.end();
    }
  });

  test("a restore that fails half-way leaves it stopped, and says so", async () => {
    standInSystemctl();
    // The server says no in the middle: an event trigger of the superuser's.
    await withClient(instance.database.admin, (database) =>
      database.query(`
        CREATE SCHEMA guard; GRANT USAGE ON SCHEMA guard TO public;
        CREATE FUNCTION guard.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
        CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION guard.refuse()`),
    );
    try {
      const before = await instance.fingerprint();
      const { exitCode, stderr } = await restore("--in-place", archive);
      expect(exitCode).toBe(1);
      expect(calls()).toEqual([asked, stopped]);
      expect(stderr).toContain(
        "warning: ngw.service is left stopped; when all is in order: systemctl start ngw.service\n",
      );
      expect(stderr).toContain("not today");
      expect(await instance.fingerprint()).toEqual(before);
    } finally {
      await withClient(instance.database.admin, (database) =>
        database.query("DROP EVENT TRIGGER refuse; DROP SCHEMA guard CASCADE"),
      );
    }
  });

  test("is refused when the service cannot be stopped; a start that fails is said", async () => {
    standInSystemctl({ fails: "stop" });
    const unstoppable = await restore(archive);
    expect(unstoppable.exitCode).toBe(4);
    expect(unstoppable.stderr).toMatch(
      /^error: ngw\.service cannot be stopped: systemctl stop .*\n {2}no such unit\n/m,
    );
    expect(calls()).toEqual([asked, "stop -- ngw.service"]);
    standInSystemctl({ fails: "start" });
    const unstartable = await restore(archive);
    expect(unstartable.exitCode).toBe(1);
    expect(unstartable.stderr).toContain("error: the restore is done, but ngw.service cannot be started: ");
  });

  test("a dry run stops nothing; neither a rescue nor a name that is an option is taken", async () => {
    standInSystemctl();
    expect((await restore("--dry-run", archive)).exitCode).toBe(0);
    expect((await restore("--rescue", archive)).exitCode).toBe(2);
    expect((await runCli(["restore", "--service=--now", ...instance.config, archive])).exitCode).toBe(2);
    expect(calls()).toEqual([]);
  });
});
