import type { Context } from "../../context.ts";
import { UsageError } from "../../errors.ts";
import { ChildError, runChild } from "../../processes/child-process.ts";

/** Whether systemd runs this machine, and not only lies about. */
export async function hasSystemd(context: Context): Promise<boolean> {
  try {
    await systemctl(["show", "--property=Version"], context);
    return true;
  } catch {
    context.signal.throwIfAborted();
    return false;
  }
}

/** Whether systemd runs here and knows a unit. */
export async function isUnitLoaded(unit: string, { env, signal }: Context): Promise<boolean> {
  try {
    const { stdout } = await runChild("systemctl", ["show", "--property=LoadState", "--value", "--", unit], {
      env,
      signal,
    });
    return stdout.trim() === "loaded";
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/**
 * Runs systemctl.
 * @throws AppError program-failed with what it says
 */
export async function systemctl(args: readonly string[], { env, signal }: Context): Promise<void> {
  await runChild("systemctl", args, { env, signal });
}

/**
 * Has systemd look at a time; where it cannot be asked the time is taken.
 * @throws UsageError calendar when it knows no such time
 */
export async function checkCalendar(calendar: string, option: string, { env, signal }: Context): Promise<void> {
  try {
    await runChild("systemd-analyze", ["calendar", calendar], { env, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ChildError) || error.status === undefined || error.status === 127) return;
    throw new UsageError("calendar", `${option}: systemd knows no such time: ${calendar}`, {
      cause: error,
      details: error.details,
      hints: ["expected a time such as *-*-* 02:15:00 or Sun 04:00, see man systemd.time"],
    });
  }
}
