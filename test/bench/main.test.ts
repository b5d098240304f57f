import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../fixtures/temp-folder.ts";

const root = join(import.meta.dirname, "..", "..");

function start(args: readonly string[]) {
  return spawn(process.execPath, [join(root, "bench", "main.ts"), "--quick", "--only", "layers", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A folder that the server's user reaches too, when we are root. */
async function benchFolder(): Promise<string> {
  const folder = await tempFolder();
  await chmod(folder, 0o711);
  return folder;
}

test(
  "a bench runs, checks what was restored, writes its results and leaves nothing",
  { timeout: 120_000 },
  async () => {
    const [folder, jsonPath] = [await benchFolder(), join(await tempFolder(), "new", "results.json")];
    const chosen = ["--contestants", "ngwbackup,ngwbackup in place", "--jobs-of", "restore"];
    const child = start([...chosen, "--folder", folder, "--json", jsonPath]);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => (stdout += String(text)));
    child.stderr.on("data", (text) => (stderr += String(text)));
    await once(child, "close");
    expect(stderr).toContain("layers: restore ngwbackup in place, round 1 of 1: ");
    expect(child.exitCode).toBe(0);
    expect(stdout).toMatch(/^layers: restore \(median of 1\)\n.*wall s.*\nngwbackup .*\nngwbackup in place .*\n/);
    const results = JSON.parse(await readFile(jsonPath, "utf8")) as { runs: Record<string, unknown>[] };
    const taken = results.runs.map(({ job, contestant, round }) => [job, contestant, round]);
    expect(taken).toEqual([
      ["backup", "ngwbackup", 0],
      ["restore", "ngwbackup", 1],
      ["restore", "ngwbackup in place", 1],
    ]);
    for (const { wallMs, serverCpuMs, peakMemoryBytes } of results.runs) {
      expect([wallMs, serverCpuMs, peakMemoryBytes].every((value) => Number(value) > 0)).toBe(true);
    }
    expect(await readdir(folder)).toEqual([]);
  },
);

test("stopped by Ctrl-C, it leaves nothing of its own nor of one that was killed", { timeout: 60_000 }, async () => {
  const folder = await benchFolder();
  const ended = spawnSync("true").pid;
  const kept = [`ngwbackup-bench-${process.pid}-a`, "other"];
  for (const name of [...kept, `ngwbackup-bench-${ended}-a/data`]) await mkdir(join(folder, name), { recursive: true });
  const child = start(["--contestants", "ngwbackup", "--folder", folder]);
  child.stdout.resume();
  child.stderr.on("data", (text) => {
    if (String(text).includes("making")) child.kill("SIGINT");
  });
  await once(child, "close");
  expect(child.exitCode).toBe(130);
  expect((await readdir(folder)).toSorted()).toEqual(kept);
});
