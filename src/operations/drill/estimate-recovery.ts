import { probeSpeed } from "./speed-probe.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import type { StageTime } from "./stage-times.ts";

/** Stages whose time is ours and the disk's, whatever server is behind. */
const withoutServer: ReadonlySet<string> = new Set(["verify", "files", "spool"]);

/**
 * What the same recovery would take on the instance's own server: stages that are the server's work, by how fast that server
 * is with a small piece of work.
 * @returns undefined when the instance's server cannot be asked, as on the day when it is gone
 */
export async function estimateRecovery(
  recovery: readonly StageTime[],
  ofDrill: ConnectionSettings,
  ofInstance: ConnectionSettings,
): Promise<number | undefined> {
  try {
    const ratio = (await probeSpeed(ofInstance)) / (await probeSpeed(ofDrill));
    return recovery.reduce(
      (sum, { stage, durationMs }) => sum + durationMs * (withoutServer.has(stage) ? 1 : ratio),
      0,
    );
  } catch {
    return undefined;
  }
}
