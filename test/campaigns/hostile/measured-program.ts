import { setTimeout as sleep } from "node:timers/promises";
import { type ProgramEnd, startProgram } from "../../fixtures/run-program.ts";
import { mustHold } from "../campaign.ts";

/** What a run of the program took. */
export interface MeasuredEnd {
  end: ProgramEnd;
  /** The most memory that it had at once, in 10^6 bytes. */
  mostResidentMb: number;
}

/** Nothing that is refused takes near as long, on the slowest machine. */
const patienceMs = 20 * 60_000;

const program = `process.on("exit", () => process._rawDebug("\\nresident " + process.resourceUsage().maxRSS + " KiB"))`;
const preloaded = `--import=data:text/javascript,${encodeURIComponent(program)}`;

/** Runs the program as a process of its own that tells how much memory it took. @throws BrokenPromise when it does not end */
export async function runMeasured(args: readonly string[]): Promise<MeasuredEnd> {
  const { child, ended } = startProgram(args, { nodeArgs: [preloaded] });
  const timer = new AbortController();
  const late = sleep(patienceMs, undefined, { signal: timer.signal }).catch(() => undefined);
  const end = await Promise.race([ended, late]);
  timer.abort();
  if (end === undefined) child.kill("SIGKILL");
  mustHold(end !== undefined, `${args[0]} comes to an end`);
  const kibibytes = /\nresident (\d+) KiB\s*$/.exec(end.stderr);
  return {
    end: { ...end, stderr: end.stderr.slice(0, kibibytes?.index ?? end.stderr.length) },
    mostResidentMb: Math.round((Number(kibibytes?.[1] ?? 0) * 1024) / 1e6),
  };
}
