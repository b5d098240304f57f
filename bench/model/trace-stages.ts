import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { AppError } from "../../src/errors.ts";
import type { Program } from "../contestants/contestant.ts";
import { programCpu, treeUsage } from "../measure/process-tree.ts";

/** What a stage of a command of ours took. */
export interface StageCost {
  stage: string;
  wallMs: number;
  /** Processor time of our main thread, which runs JavaScript and sockets. */
  mainCpuMs: number;
  /** Of our other threads. */
  threadsCpuMs: number;
  /** Of programs that we started: `pg_dump`. */
  programsCpuMs: number;
  /** Of the server's processes. */
  serverCpuMs: number;
}

/** How a command is traced. */
export interface TraceOptions {
  /** Cores as taskset takes them. */
  cores: string;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  serverPid: number;
}

/**
 * Runs a command of ours with `--json` and says what each of its stages took; what comes before the first is `start`. Stages
 * of the same name are numbered from the second on.
 * @throws AppError when the command fails
 */
export async function traceStages(program: Program, options: TraceOptions): Promise<StageCost[]> {
  const { cores, env, signal, serverPid } = options;
  signal.throwIfAborted();
  const serverBefore = (await treeUsage(serverPid)).cpuMs;
  const startedMs = performance.now();
  // Read from now on without a pause: what a child that ends has printed to nobody is lost.
  const child = spawn("taskset", ["-c", cores, ...program.argv, "--json"], {
    env: { ...env, ...program.env },
    stdio: ["ignore", "pipe", "ignore"],
    signal,
    killSignal: "SIGTERM",
  });
  const closed = once(child, "close");
  closed.catch(() => {});
  const pid = child.pid ?? 0;
  const look = async (before: Usage): Promise<Usage> => {
    const wallMs = performance.now() - startedMs;
    const [own, server] = await Promise.all([programCpu(pid), treeUsage(serverPid)]);
    const serverCpuMs = server.cpuMs;
    // It has just ended: its last milliseconds are lost.
    if (own === undefined) return { ...before, wallMs, serverCpuMs };
    const { mainThreadMs, otherThreadsMs, programsMs } = own;
    // What a program used is with neither of them between its end and our waiting for it.
    const programsCpuMs = Math.max(before.programsCpuMs, programsMs);
    return { wallMs, mainCpuMs: mainThreadMs, threadsCpuMs: otherThreadsMs, programsCpuMs, serverCpuMs };
  };
  let before: Usage = { wallMs: 0, mainCpuMs: 0, threadsCpuMs: 0, programsCpuMs: 0, serverCpuMs: serverBefore };
  let stage = "start";
  const costs: StageCost[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { type: string; stage?: string; doneBytes?: number };
    const isNewStage = event.type === "progress" && event.doneBytes === 0 && event.stage !== stage;
    if (!isNewStage && event.type !== "summary") continue;
    const now = await look(before);
    costs.push({ stage: numbered(stage, costs), ...difference(now, before) });
    before = now;
    stage = event.stage ?? "end";
  }
  await closed;
  signal.throwIfAborted();
  if (child.exitCode !== 0) {
    throw new AppError("bench-trace", `${program.argv.slice(0, 2).join(" ")} ended with ${child.exitCode}`);
  }
  return costs;
}

type Usage = Omit<StageCost, "stage">;

function difference(now: Usage, before: Usage): Usage {
  return {
    wallMs: now.wallMs - before.wallMs,
    mainCpuMs: now.mainCpuMs - before.mainCpuMs,
    threadsCpuMs: now.threadsCpuMs - before.threadsCpuMs,
    programsCpuMs: now.programsCpuMs - before.programsCpuMs,
    serverCpuMs: now.serverCpuMs - before.serverCpuMs,
  };
}

function numbered(stage: string, earlier: readonly StageCost[]): string {
  const same = earlier.filter((cost) => cost.stage.replace(/ \d+$/, "") === stage).length;
  return same === 0 ? stage : `${stage} ${same + 1}`;
}
