import { readFile } from "node:fs/promises";
import { namingFile, systemCode } from "./disk-errors.ts";

/**
 * Which process made a temporary thing, so that a later run can tell a dead run's leftovers from a live run's work.
 * A pid alone is not enough: it is reused after its process has ended and after a boot.
 */
export interface RunOwner {
  pid: number;
  /** Kernel's boot id; empty where the system has none. */
  bootId: string;
  /** Start of the process in clock ticks since boot (field 22 of proc(5) stat); empty where the system has none. */
  startTicks: string;
}

/** @returns "" when there is no such file */
async function readText(path: string): Promise<string> {
  try {
    return (await namingFile(path, () => readFile(path, "utf8"))).trim();
  } catch (error) {
    // ESRCH: the process ended while we looked.
    if (["ENOENT", "ENOTDIR", "ESRCH"].includes(systemCode(error))) return "";
    throw error;
  }
}

async function startTicksOf(pid: number): Promise<string> {
  const stat = await readText(`/proc/${pid}/stat`);
  // The command name in parentheses may hold spaces and parentheses itself, so fields count from the last one.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/**
 * Describes a running process. What cannot be found out fails: a description without it would be taken for a dead one's.
 * @param pid the process to describe, usually our own
 */
export async function describeOwner(pid: number): Promise<RunOwner> {
  return { pid, bootId: await readText("/proc/sys/kernel/random/boot_id"), startTicks: await startTicksOf(pid) };
}

/** Whether the process that made something still runs; true when the system cannot tell, or not now. */
export async function isOwnerAlive(owner: RunOwner): Promise<boolean> {
  try {
    const bootId = await readText("/proc/sys/kernel/random/boot_id");
    if (bootId === "" || owner.bootId === "") return true;
    if (bootId !== owner.bootId) return false;
    return (await startTicksOf(owner.pid)) === owner.startTicks && owner.startTicks !== "";
  } catch {
    return true;
  }
}

/** Reads an owner back from JSON; undefined when it is none of ours. */
export function parseOwner(text: string): RunOwner | undefined {
  try {
    const value = JSON.parse(text) as Partial<RunOwner> | null;
    if (typeof value?.pid !== "number" || typeof value.bootId !== "string" || typeof value.startTicks !== "string")
      return undefined;
    return { pid: value.pid, bootId: value.bootId, startTicks: value.startTicks };
  } catch {
    return undefined;
  }
}
