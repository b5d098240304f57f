import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cluster } from "../../src/cluster/cluster.ts";

/** What a PostgreSQL server has used since it was started, with all its processes, also those that have ended. */
export interface ServerUsage {
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
export async function serverUsage(pid: number): Promise<ServerUsage> {
  const usage: ServerUsage = { cpuMs: 0, diskReadBytes: 0, diskWrittenBytes: 0 };
  const clockTicksMs = 10;
  for (const process of await processTree(pid)) {
    const [stat, io] = await Promise.all([readProc(process, "stat"), readProc(process, "io")]);
    // After the name in brackets come the fields from the third on; 14 to 17 are its own times and its children's.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    usage.cpuMs += fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * clockTicksMs, 0);
    usage.diskReadBytes += Number(/^read_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
    usage.diskWrittenBytes += Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
  }
  return usage;
}

/**
 * Keeps a server, and every process it starts from now on, on some cores.
 * @param cores as taskset takes them
 */
export async function pinServer(pid: number, cores: string): Promise<void> {
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
    const stat = await readProc(Number(name), "stat");
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const tree = [pid];
  for (const parent of tree) for (const [child, its] of parents) if (its === parent) tree.push(child);
  return tree;
}

/** Empty when the process has ended. */
async function readProc(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}
