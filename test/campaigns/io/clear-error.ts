import { ExitCode } from "../../../src/errors.ts";
import { mustHold } from "../campaign.ts";
import { type DisturbedRun, describeDisturbance } from "./disturbed-run.ts";

/**
 * Holds a run to how it may end when one of its calls has failed: with success where nothing is lost by it, or with an error
 * of ours that names what it was about, never with a stack.
 * @param allowed exit codes besides 0
 */
export function mustEndWell(run: DisturbedRun, allowed: readonly number[]): void {
  const { end, met, fault } = run;
  const what = describeDisturbance(run);
  const said = [what, end.stderr, end.stdout];
  mustHold(!/unexpected:|^ {4}at /m.test(end.stderr + end.stdout), "an error is one of ours, not a stack", ...said);
  if (!met) mustHold(end.exitCode === 0, "a run in which nothing failed succeeds", ...said);
  if (fault === "short") mustHold(end.exitCode === 0, "fewer bytes than asked for are no failure", ...said);
  if (end.exitCode === ExitCode.done) return;
  mustHold(
    end.exitCode !== null && allowed.includes(end.exitCode),
    `the exit code is one of ${allowed.join(", ")}`,
    ...said,
  );
  // An archive with losses names them, and is none.
  if (end.exitCode === ExitCode.losses) return;
  const error = /^(?:error: |bad )(.*(?:\n {2}.*)*)/m.exec(end.stderr + end.stdout)?.[1] ?? "";
  mustHold(/\/\w|server|pg_dump/.test(error), "the error says which path or server it is about", ...said);
}

/** Whether a run has said that something is left for the next command. */
export const saysWhatIsLeft = ({ end }: DisturbedRun): boolean => /next command|ngwbackup check/.test(end.stderr);
