import { execFile } from "node:child_process";
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
    usage.cpuMs += cpuMsOf(stat, true);
    usage.diskReadBytes += Number(/^read_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
    usage.diskWrittenBytes += Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
  }
  return usage;
}

/** Processor time of a process, without its children, and that of its first thread. */
export async function threadUsage(pid: number): Promise<{ cpuMs: number; mainThreadCpuMs: number }> {
  const [all, first] = await Promise.all([readProc(`${pid}/stat`), readProc(`${pid}/task/${pid}/stat`)]);
  return { cpuMs: cpuMsOf(all, false), mainThreadCpuMs: cpuMsOf(first, false) };
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

/** Processor time of a `stat` of /proc, with or without that of children that were waited for. */
function cpuMsOf(stat: string, withChildren: boolean): number {
  const clockTickMs = 10;
  const ticks = fieldsOf(stat).slice(11, withChildren ? 15 : 13);
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
