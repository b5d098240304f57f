import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Program, Step } from "../../bench/contestants/contestant.ts";
import { measureStep, type StepUsage } from "../../bench/measure/measure-step.ts";
import { AppError } from "../../src/errors.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const mebibyte = 1024 * 1024;

async function measured(step: Step, signal = new AbortController().signal): Promise<StepUsage> {
  const logPath = join(await tempFolder(), "log");
  return measureStep(step, { cores: undefined, env: process.env, signal, logPath });
}

function python(code: string, ...args: string[]): Program {
  return { argv: ["python3", "-c", code, ...args] };
}

describe("measured step", () => {
  test("joins programs by pipes, from a file into a file", async () => {
    const folder = await tempFolder();
    const [inputPath, outputPath] = [join(folder, "in"), join(folder, "out")];
    await writeFile(inputPath, "b\na\nb\n");
    const programs = [{ argv: ["sort"], env: { LC_ALL: "C" } }, { argv: ["uniq", "-c"] }];
    await measured({ inputPath, programs, outputPath });
    expect((await readFile(outputPath, "utf8")).split(/\s+/).filter(Boolean)).toEqual(["1", "a", "2", "b"]);
  });

  test("runs steps of a sequence one after another, and those together at the same time", async () => {
    const folder = await tempFolder();
    const path = join(folder, "log");
    // Each waits for what the other makes: one after another they would never end.
    const meet = (own: string, other: string): Step => ({
      programs: [{ argv: ["sh", "-c", `touch ${own}; until [ -e ${other} ]; do sleep 0.01; done`], cwd: folder }],
    });
    const write = (word: string): Step => ({ programs: [{ argv: ["sh", "-c", `echo ${word} >> ${path}`] }] });
    const together = { together: [meet("a", "b"), meet("b", "a")] };
    await measured({ sequence: [write("first"), together, write("second")] });
    expect(await readFile(path, "utf8")).toBe("first\nsecond\n");
  });

  test("counts memory of all processes at once, bytes and processor time of grandchildren", async () => {
    const path = join(await tempFolder(), "written");
    const hold = python(`data = b'x' * ${60 * mebibyte}; import time; time.sleep(0.5)`);
    const write = `import os
with open('${path}', 'wb') as file: file.write(os.urandom(${30 * mebibyte}))`;
    const grandchild = { argv: ["sh", "-c", 'python3 -c "$0"; true', write] };
    const usage = await measured({ together: [{ programs: [hold] }, { programs: [hold, grandchild] }] });
    expect(usage.peakMemoryBytes).toBeGreaterThan(120 * mebibyte);
    expect(usage.peakMemoryBytes).toBeLessThan(300 * mebibyte);
    expect(usage.diskWrittenBytes).toBeGreaterThanOrEqual(30 * mebibyte);
    expect(usage.diskWrittenBytes).toBeLessThan(31 * mebibyte);
    expect(usage.writeCallBytes).toBeGreaterThanOrEqual(30 * mebibyte);
    expect(usage.userCpuMs + usage.systemCpuMs).toBeGreaterThan(0);
  });

  test("a program that fails is named with what it printed, and ends the sequence", async () => {
    const path = join(await tempFolder(), "never");
    const failing = { programs: [{ argv: ["sh", "-c", "echo no such thing >&2; exit 3"] }, { argv: ["cat"] }] };
    const failure = await measured({ sequence: [failing, { programs: [{ argv: ["touch", path] }] }] }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ message: "sh ended with 3", details: ["no such thing"] });
    await expect(readFile(path)).rejects.toThrow("ENOENT");
  });

  test("a program that does not exist is a failure too", async () => {
    const step = { programs: [{ argv: ["ngwbackup-no-such-program"] }] };
    await expect(measured({ together: [step, { programs: [{ argv: ["true"] }] }] })).rejects.toThrow(
      "ngwbackup-no-such-program",
    );
  });

  test("when it is aborted, its programs are stopped", async () => {
    const folder = await tempFolder();
    const abort = new AbortController();
    const running = measured(
      { programs: [{ argv: ["sh", "-c", "echo $$ > pid; sleep 60"], cwd: folder }] },
      abort.signal,
    );
    const settled = expect(running).rejects.toThrow("told to stop");
    let pid = 0;
    while (pid === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      pid = Number(await readFile(join(folder, "pid"), "utf8").catch(() => 0));
    }
    abort.abort(new Error("told to stop"));
    await settled;
    await expect
      .poll(() => readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") gone"), { timeout: 10_000 })
      .toMatch(/\) (gone|Z)/);
  });
});
