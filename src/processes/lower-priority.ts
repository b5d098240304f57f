import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { messageOf } from "../errors.ts";
import { runChild } from "./child-process.ts";

/** How far a process stands back behind others. */
export interface LowerPriority {
  /** Nice value, 0 to 19. */
  level: number;
  /** I/O class; `none`: as it is. */
  io: "idle" | "best-effort" | "none";
}

/** Arguments of util-linux' `ionice`; within its class, best effort is the least there is. */
const classArguments = { idle: ["-c", "3"], "best-effort": ["-c", "2", "-n", "7"] } as const;

/**
 * Lowers the priority of this process, and of all that it starts from now on. A nice value that is higher stays as it is.
 * On Linux both belong to threads, and those of libuv and V8 are there before us: each is set, until there is no new one.
 * @returns what could not be done
 * @throws the signal's reason
 */
export async function lowerPriority(
  { level, io }: LowerPriority,
  options: { env: Readonly<Record<string, string | undefined>>; signal: AbortSignal },
): Promise<string | undefined> {
  const set = new Set<number>();
  try {
    for (;;) {
      const threads = ownThreads().filter((thread) => !set.has(thread));
      if (threads.length === 0) return undefined;
      for (const thread of threads) {
        lowerThread(thread, level);
        set.add(thread);
      }
      if (io !== "none") await runChild("ionice", [...classArguments[io], "-p", ...threads.map(String)], options);
    }
  } catch (error) {
    options.signal.throwIfAborted();
    return `the priority could not be lowered all the way: ${messageOf(error)}`;
  }
}

/** Numbers of this process' threads; 0, which is the whole process, where the system does not tell. */
function ownThreads(): number[] {
  try {
    return readdirSync("/proc/self/task").map(Number);
  } catch {
    return [0];
  }
}

function lowerThread(thread: number, level: number): void {
  try {
    if (getPriority(thread) < level) setPriority(thread, level);
  } catch (error) {
    const { info } = error as { info?: { code?: string } };
    // It has ended since.
    if (info?.code !== "ESRCH") throw error;
  }
}
