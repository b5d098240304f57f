import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { type ProgramEnd, type StartedProgram, startProgram } from "../fixtures/run-program.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(() => instance.drop());

/** Starts the program with a umask that takes nothing away. */
function startOpenly(args: readonly string[], openFiles?: number): StartedProgram {
  const before = process.umask(0);
  try {
    return startProgram(args, openFiles === undefined ? {} : { openFiles });
  } finally {
    process.umask(before);
  }
}

/** Modes of all that was seen below some folders while a program ran and after it, by path, as octal digits. */
async function modesWhile(ended: Promise<ProgramEnd>, folders: readonly string[]): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const look = (): void => {
    for (const folder of folders) {
      try {
        for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
          const stats = statSync(join(folder, name));
          seen.set(
            join(folder, name),
            `${stats.isDirectory() ? "folder" : "file"} ${(stats.mode & 0o777).toString(8)}`,
          );
        }
      } catch {
        // It has just been removed, or is not there yet.
      }
    }
  };
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!isOver) {
    look();
    await sleep(5);
  }
  look();
  return seen;
}

describe("whatever the umask, nobody else can read", () => {
  test("an archive, what becomes one, and the links of a backup", async () => {
    for (const kind of [[], ["--no-zip"]]) {
      const folder = join(await tempFolder(), "archives");
      mkdirSync(folder);
      const path = join(folder, "archive");
      const args = ["backup", ...instance.config, "--one-shot", "--write-rate", "400000", ...kind, path];
      // With so few open files blobs are pinned by links.
      const { ended } = startOpenly(args, 250);
      const work = join(instance.sdir, "ngwbackup");
      const seen = await modesWhile(ended, [folder, work]);
      expect(await ended).toMatchObject({ exitCode: 0 });
      expect([...seen.keys()].some((name) => name.startsWith(join(folder, ".archive.ngwbackup-")))).toBe(true);
      const pins = [...seen].filter(([name]) => name.startsWith(join(work, "pins-")));
      expect(pins.length).toBeGreaterThan(0);
      for (const [name, mode] of seen) {
        // A link has the mode of the application's own file; nobody gets through the folders to it.
        const isLink = name.startsWith(work) && mode.startsWith("file") && !name.endsWith("owner.json");
        if (!isLink) expect([name, mode]).toEqual([name, mode.startsWith("folder") ? "folder 700" : "file 600"]);
      }
    }
  });

  test("what a restore makes ready and keeps", async () => {
    const archive = (await runCli(["backup", ...instance.config, "--one-shot"])).stdout.trim();
    const target = await createTestInstance();
    try {
      await createInstance({
        settings: target.database.settings,
        sdir: target.sdir,
        scale: tinyScale,
        seed: "another",
      });
      const { ended } = startOpenly(["restore", ...target.config, "--in-place", archive]);
      const work = join(target.sdir, "ngwbackup");
      const seen = await modesWhile(ended, [target.sdir]);
      expect(await ended).toMatchObject({ exitCode: 0 });
      const own = [...seen].filter(([name]) => name === work || /ngwbackup\/[^/]+$|\.jsonl?(\.part)?$/.test(name));
      expect(own.map(([name]) => name)).toEqual(expect.arrayContaining([work]));
      expect(own.some(([name]) => name.endsWith("run.json"))).toBe(true);
      for (const [name, mode] of own)
        expect([name, mode]).toEqual([name, mode.startsWith("folder") ? "folder 700" : "file 600"]);
    } finally {
      await target.drop();
    }
  });
});

describe("a role that may not read everything", () => {
  test("is told which table it cannot back up, and nothing is written", async () => {
    const { admin, name, role } = instance.database;
    await withClient(admin, (client) => client.query("create table public.hidden_from_role (id integer)"));
    try {
      const folder = await tempFolder();
      const run = await runCli(["backup", ...instance.config, "--one-shot", join(folder, "archive")]);
      expect(run).toMatchObject({ stdout: "" });
      expect([1, 4]).toContain(run.exitCode);
      expect(run.stderr).toContain("hidden_from_role");
      expect(run.stderr).toContain("permission denied");
      expect(run.stderr).toMatch(/^hint: .*grant/im);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await withClient(admin, (client) => client.query("drop table public.hidden_from_role"));
    }
    expect(name).not.toBe(role);
  });
});
