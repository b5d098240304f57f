import { hostname } from "node:os";
import { signalProcess } from "../../cluster/processes.ts";
import type { Settings } from "../../config/settings.ts";
import { RefusedError } from "../../errors.ts";
import { readRunOwner } from "../../history/read-runs.ts";
import { isOwnerAlive } from "../../run-owner.ts";
import { lookBack } from "./look-back.ts";

/**
 * Stops a run as Ctrl-C does: it puts things back, removes what is temporary, and ends. Its end is not waited for.
 * @returns false when there is no such run
 * @throws RefusedError not-running when it has ended; other-host, other-user when it is not ours to stop
 */
export async function cancelRun(id: number, settings: Settings, now: Date): Promise<boolean> {
  const found = await lookBack(settings.runs, now, (look) =>
    Promise.resolve({ run: look.run(id), owner: readRunOwner(look.history, id) }),
  );
  if (found?.run === undefined) return false;
  const { run, owner } = found;
  if (run.state !== "running") throw notRunning(id);
  if (run.host !== hostname())
    throw new RefusedError("other-host", `run ${id} is at work on ${run.host}, and can be stopped there alone`);
  if (owner === undefined || !(await isOwnerAlive(owner))) throw notRunning(id);
  if (signalProcess(owner.pid, "SIGTERM")) return true;
  if (!(await isOwnerAlive(owner))) throw notRunning(id);
  throw new RefusedError("other-user", `run ${id} is another user's, process ${owner.pid}`, {
    hints: [`kill ${owner.pid}`],
  });
}

function notRunning(id: number): RefusedError {
  return new RefusedError("not-running", `run ${id} is not at work any more`);
}
