import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cluster } from "../../src/cluster/cluster.ts";

/** What a process has used since it was started, with all processes that it started, also those that have ended. */
export interface TreeUsage {
  cpuMs: number;
  /** Read from disks, not from the page cache. */
  diskReadBytes: number;
  /** Pages given to file systems to be written. */
  diskWrittenBytes: number;
}

/** Process id of a private cluster's first process. */
export async function postmasterPid(cluster: Pick<Cluster, "host">): Promise<number> {
  return Number.parseInt(await readFile(join(cluster.host, "data", "postmaster.pid"), "utf8"), 10);
}

/** Sums up what a process and its children have used; of those that ended the kernel keeps the sum with their parent. */
export async function treeUsage(pid: number): Promise<TreeUsage> {
  const usage: TreeUsage = { cpuMs: 0, diskReadBytes: 0, diskWrittenBytes: 0 };
  for (const process of await processTree(pid)) {
    const [stat, io] = await Promise.all([readProc(`${process}/stat`), readProc(`${process}/io`)]);
    usage.cpuMs += cpuMsOf(stat, "all");
    usage.diskReadBytes += Number(/^read_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
    usage.diskWrittenBytes += Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
  }
  return usage;
}

/** Processor time of a program: of its threads, and of programs that it has started. */
export interface ProgramCpu {
  mainThreadMs: number;
  otherThreadsMs: number;
  programsMs: number;
}

/** Processor time of a program until now; undefined when it has ended. */
export async function programCpu(pid: number): Promise<ProgramCpu | undefined> {
  // At once: a program that is about to end does not wait for us.
  const [all, main] = [`${pid}/stat`, `${pid}/task/${pid}/stat`].map(readProcNow);
  if (all === undefined || main === undefined) return undefined;
  const mainThreadMs = cpuMsOf(main, "own");
  let programsMs = cpuMsOf(all, "children");
  for (const process of (await processTree(pid)).slice(1)) {
    programsMs += cpuMsOf(await readProc(`${process}/stat`), "all");
  }
  return { mainThreadMs, otherThreadsMs: cpuMsOf(all, "own") - mainThreadMs, programsMs };
}

/**
 * Keeps a process and its children, and every one they start from now on, on some cores.
 * @param cores as taskset takes them
 */
export async function pinTree(pid: number, cores: string): Promise<void> {
  for (const process of await processTree(pid)) {
    await promisify(execFile)("taskset", ["-a", "-p", "-c", cores, String(process)]).catch((error: unknown) => {
      // A child may have ended meanwhile; without the first process nothing would be true.
      if (process === pid) throw error;
    });
  }
}

async function processTree(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    parents.set(Number(name), Number(fieldsOf(await readProc(`${name}/stat`))[1]));
  }
  const tree = [pid];
  for (const parent of tree) for (const [child, its] of parents) if (its === parent) tree.push(child);
  return tree;
}

/** Processor time of a `stat` of /proc: its own, that of children it has waited for, or both. */
function cpuMsOf(stat: string, whose: "own" | "children" | "all"): number {
  const clockTickMs = 10;
  const ticks = fieldsOf(stat).slice(whose === "children" ? 13 : 11, whose === "own" ? 13 : 15);
  return ticks.reduce((sum, value) => sum + Number(value) * clockTickMs, 0);
}

/** The fields from the third on: the second, the name in brackets, may hold anything. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Empty when the process has ended. */
async function readProc(path: string): Promise<string> {
  return readFile(`/proc/${path}`, "utf8").catch(() => "");
}

function readProcNow(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}
