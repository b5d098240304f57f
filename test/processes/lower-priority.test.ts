import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mustSucceed } from "../fixtures/python.ts";
import { repositoryFolder } from "../fixtures/clone.ts";

/** What a process of its own found after it had lowered its priority. */
interface Found {
  message: string | null;
  threads: { level: number; io: string }[];
  /** Nice value of a program that it started. */
  child: string;
}

const script = `
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { lowerPriority } from ${JSON.stringify(join(repositoryFolder, "src/processes/lower-priority.ts"))};
const [priority, env] = process.argv.slice(1).map((text) => JSON.parse(text));
await stat("/");
const startWorker = () => new Promise((resolve) => {
  const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
  worker.once("online", () => resolve(worker));
});
const workers = [await startWorker()];
const message = await lowerPriority(priority, { env, signal: new AbortController().signal });
workers.push(await startWorker());
const threads = readdirSync("/proc/self/task").map((id) => ({
  level: Number(readFileSync("/proc/self/task/" + id + "/stat", "utf8").replace(/^.*\\) /, "").split(" ")[16]),
  io: execFileSync("ionice", ["-p", id], { encoding: "utf8" }).trim(),
}));
const child = execFileSync("nice", { encoding: "utf8" }).trim();
console.log(JSON.stringify({ message: message ?? null, threads, child }));
process.exit();
`;

async function lowered(
  priority: object,
  env: object = { PATH: process.env["PATH"] },
  ...before: string[]
): Promise<Found> {
  const own = [process.execPath, "--input-type=module", "-e", script, JSON.stringify(priority), JSON.stringify(env)];
  const [program = "", ...args] = [...before, ...own];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  await once(child, "close");
  return JSON.parse(stdout) as Found;
}

const isLinux = process.platform === "linux";

describe.runIf(isLinux)("a priority that is lowered", () => {
  test.for([
    ["idle", "idle"],
    ["best-effort", "best-effort: prio 7"],
  ] as const)("is that of every thread, earlier and later ones, and of programs: %s", async ([io, shown]) => {
    const { message, threads, child } = await lowered({ level: 7, io });
    expect(message).toBe(null);
    expect(threads.length).toBeGreaterThan(6);
    expect(new Set(threads.map(({ level }) => level))).toEqual(new Set([7]));
    expect(new Set(threads.map((thread) => thread.io))).toEqual(new Set([shown]));
    expect(child).toBe("7");
  });

  test("leaves I/O as it is when told so, and a nice value that is higher already", async () => {
    const before = (await mustSucceed("ionice", ["-p", String(process.pid)])).toString().trim();
    const { message, threads } = await lowered({ level: 7, io: "none" }, {}, "nice", "-n", "12");
    expect(message).toBe(null);
    expect(new Set(threads.map(({ level }) => level))).toEqual(new Set([12]));
    for (const { io } of threads) expect(io.split(":")[0]).toBe(before.split(":")[0]);
  });

  test("says so when there is no ionice, and is nice all the same", async () => {
    const { message, threads } = await lowered({ level: 7, io: "idle" }, { PATH: "/nowhere" });
    expect(message).toMatch(/^the priority could not be lowered all the way: cannot run ionice .*ENOENT/);
    expect(new Set(threads.map(({ level }) => level))).toEqual(new Set([7]));
  });
});
