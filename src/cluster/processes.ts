/** Process id of this program, part of the names of clusters' folders, so that a later run can tell whether it lives. */
export const ownPid: number = process.pid;

/**
 * Whether a process exists, ours or another user's.
 * @param pid process id; anything that is no positive integer counts as dead
 */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Sends a signal to a process that is perhaps gone already.
 * @returns whether it was delivered
 */
export function signalProcess(pid: number, signal: "SIGINT" | "SIGQUIT" | "SIGTERM" | "SIGKILL"): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Waits until a process is gone.
 * @returns whether it went within the time
 */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
