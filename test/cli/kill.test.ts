import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { runProgram } from "../fixtures/run-program.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

/** Kills a run gets, spread over its whole course; more by hand: NGWBACKUP_TEST_KILLS=100. */
const kills = Number(process.env["NGWBACKUP_TEST_KILLS"] ?? 6);

let source: TestInstance;
let archive: string;
let after: Fingerprint;

beforeAll(async () => {
  source = await createTestInstance();
  await createInstance({ settings: source.database.settings, sdir: source.sdir, scale: tinyScale });
  archive = (await runCli(["backup", ...source.config, "--one-shot"])).stdout.trim();
  after = afterRestore(await source.fingerprint());
});
afterAll(() => source.drop());

async function otherInstance(readyForSideBySide: boolean): Promise<TestInstance> {
  const instance = await createTestInstance({ readyForSideBySide });
  await createInstance({
    settings: instance.database.settings,
    sdir: instance.sdir,
    scale: tinyScale,
    seed: "another",
  });
  return instance;
}

/** Databases of the instance's role, its template left out. */
async function databasesOf(instance: TestInstance): Promise<number> {
  return await withClient(instance.database.admin, async (client) => {
    const { rows } = await client.query(
      "select 1 from pg_database d join pg_roles r on r.oid = d.datdba where r.rolname = $1 and d.datname !~ '_template$'",
      [instance.database.role],
    );
    return rows.length;
  });
}

describe("a restore that is killed", () => {
  test.each(["in-place", "side-by-side"] as const)(
    "%s leaves the old instance or the new one, and the next command clears up",
    async (way) => {
      let instance = await otherInstance(way === "side-by-side");
      const before = await instance.fingerprint();
      const args = ["restore", ...instance.config, `--${way}`, "--keep-previous", "0", archive];
      let outcomes = "";
      let wholeMs = 0;
      try {
        for (let kill = 0; kill <= kills; kill += 1) {
          if (outcomes.endsWith("n")) {
            await instance.drop();
            instance = await otherInstance(way === "side-by-side");
            args.splice(1, 2, ...instance.config);
          }
          // The first run tells how long a whole one takes.
          const run = await runProgram(args, kill === 0 ? undefined : (wholeMs * (kill - 0.5)) / kills);
          if (kill === 0) {
            expect(run).toMatchObject({ exitCode: 0 });
            wholeMs = run.durationMs;
          }
          const check = await runCli(["check", ...instance.config]);
          expect(check.exitCode).toBe(0);
          const found = await instance.fingerprint();
          const isOld = differences(before, found).length === 0;
          if (!isOld) expect(differences(after, found)).toEqual([]);
          outcomes += isOld ? "o" : "n";
          const work = join(instance.sdir, "ngwbackup");
          const left = existsSync(work) ? readdirSync(work, { recursive: true }) : [];
          expect({ left, check: left.length > 0 || existsSync(work) ? check : undefined }).toEqual({ left: [] });
          expect(await databasesOf(instance)).toBe(1);
        }
        expect(outcomes).toMatch(/^no/);
      } finally {
        await instance.drop();
      }
    },
    600_000,
  );
});

describe("a backup that is killed", () => {
  test("leaves no file under the final name, or a sound one; the next one clears up", async () => {
    const folder = join(await tempFolder(), "archives");
    mkdirSync(folder);
    const args = (name: string): string[] => ["backup", ...source.config, "--one-shot", join(folder, name)];
    const whole = await runProgram(args("whole.ngwbackup"));
    expect(whole).toMatchObject({ exitCode: 0 });
    for (let kill = 1; kill <= kills; kill += 1) {
      const path = join(folder, `killed-${kill}.ngwbackup`);
      await runProgram(args(`killed-${kill}.ngwbackup`), (whole.durationMs * (kill - 0.5)) / kills);
      if (existsSync(path)) expect(await runCli(["verify", path])).toMatchObject({ exitCode: 0 });
    }
    expect(await runProgram(args("last.ngwbackup"))).toMatchObject({ exitCode: 0 });
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    expect(readdirSync(source.sdir)).not.toContain("ngwbackup");
  }, 300_000);

  test("by Ctrl-C ends with 130 and leaves nothing", async () => {
    const folder = join(await tempFolder(), "archives");
    mkdirSync(folder);
    const whole = await runProgram(["backup", ...source.config, "--one-shot", join(folder, "whole.ngwbackup")]);
    for (const part of [0.5, 0.7, 0.9]) {
      const path = join(folder, "interrupted.ngwbackup");
      const run = await runProgram(
        ["backup", ...source.config, "--one-shot", "--overwrite", path],
        whole.durationMs * part,
        "SIGINT",
      );
      // Its path is the last thing that it prints: then it was complete, and the signal met a process that was ending.
      if (run.stdout !== "") continue;
      expect(run).toMatchObject({ exitCode: 130 });
      expect(readdirSync(folder)).toEqual(["whole.ngwbackup"]);
      expect(readdirSync(source.sdir)).not.toContain("ngwbackup");
    }
  });
});
