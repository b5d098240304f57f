import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { differences } from "../../../src/demo/differences.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { createTestInstance } from "../../fixtures/test-instance.ts";

const timeout = 2 * 60_000;

test("a run that lives keeps its previous state until it has said that it is finished", { timeout }, async () => {
  const instance = await createTestInstance();
  const ours = (command: string, args: readonly string[], now: Date) =>
    runCli([command, ...instance.config, ...args], { now });
  try {
    await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
    const [start, late] = [new Date("2026-01-02T03:00:00Z"), new Date("2026-01-02T05:00:00Z")];
    const archive = (await ours("backup", ["--one-shot"], start)).stdout.trim();
    const fonts = join(instance.sdir, "core", "fontconfig");
    for (const name of readdirSync(fonts)) writeFileSync(join(fonts, name), "another");
    const restored = await ours("restore", ["--in-place", "--keep-previous", "1h", archive], start);
    expect(restored.exitCode, restored.stderr).toBe(0);
    // Right behind its switch, and its time is over before it comes to say so.
    const work = join(instance.sdir, "ngwbackup", readdirSync(join(instance.sdir, "ngwbackup"))[0]!);
    const record = JSON.parse(readFileSync(join(work, "run.json"), "utf8")) as object;
    writeFileSync(join(work, "run.json"), JSON.stringify({ ...record, state: "switching" }));
    expect(await ours("check", [], late)).toMatchObject({ exitCode: 0, stderr: "" });
    const after = await instance.fingerprint();
    expect(Object.keys(after.tables).some((name) => name.includes("__previous_"))).toBe(true);
    // Nobody else works on files that it may still move.
    for (const [command, ...args] of [
      ["backup"],
      ["restore", archive],
      ["restore", "--undo"],
      ["restore", "--keep-previous", "0"],
    ] as const)
      expect(await ours(command, args, late), [command, ...args].join(" ")).toMatchObject({
        exitCode: 6,
        stderr: expect.stringContaining("a restore of this database has not finished yet"),
      });
    expect(await instance.fingerprint()).toEqual(after);
    // Then it dies.
    writeFileSync(join(work, "owner.json"), JSON.stringify({ pid: process.pid, bootId: "another", startTicks: "1" }));
    expect((await ours("check", [], late)).stderr).toContain(
      "finished a restore that was interrupted after its switch",
    );
    expect(readdirSync(instance.sdir)).not.toContain("ngwbackup");
    // As the archive has it: a first restore of it over itself says how that is.
    const found = await instance.fingerprint();
    const again = await ours("restore", ["--in-place", "--keep-previous", "0", archive], late);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(differences(await instance.fingerprint(), found)).toEqual([]);
  } finally {
    await instance.drop();
  }
});
