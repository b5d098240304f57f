import { dirname, join } from "node:path";
import { ExitCode } from "../../../src/errors.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { startProgram } from "../../fixtures/run-program.ts";
import { mustHold } from "../campaign.ts";
import { arriveAtOther, foundState, mustUndo } from "../after-restore.ts";
import { type TwoStates, type Way, mustHoldOneCopy } from "../two-states.ts";
import { mustEndWell, saysWhatIsLeft } from "./clear-error.ts";
import type { DisturbedCommand } from "./commands.ts";
import { type DisturbedRun, type Undertaking, describeDisturbance } from "./disturbed-run.ts";

/** How a restore may fail: on its way, by its configuration, or refused. */
const failures = [ExitCode.failed, ExitCode.usage, ExitCode.refused];

/** A restore of the other state, from a file side by side or from a folder in place. */
export function disturbRestore(way: Way, keeps: boolean): DisturbedCommand {
  return {
    name: `restore ${way}${keeps ? ", keeping the previous state" : ""}`,
    family: `restore ${way}`,
    prepare: async ({ states, folder }) => {
      const { instance, other } = states[way];
      const keep = ["--keep-previous", keeps ? "1h" : "0"];
      return undertaking(states[way], folder, ["restore", ...instance.config, `--${way}`, ...keep, other.archivePath]);
    },
    async settle({ states: { [way]: states } }, run) {
      mustEndWell(run, failures);
      await mustTellWhatIsLeft(states, run, keeps);
      const state = await foundState(states, keeps);
      const isNew = state === states.other;
      const said = [describeDisturbance(run), run.end.stderr];
      if (run.end.exitCode === 0) mustHold(isNew, `${way}: a restore that ends with 0 gives the new state`, ...said);
      else if (isNew)
        mustHold(/the restore is complete/.test(run.end.stderr), `${way}: a restore that is done says so`, ...said);
      if (isNew) {
        arriveAtOther(states);
        if (keeps) await mustUndo(states);
      }
      await mustHoldOneCopy(states, `at the end (${describeDisturbance(run)})`);
      return `${isNew ? "new" : "old"}${isNew && run.end.exitCode !== 0 ? ", said to be untidied" : ""}`;
    },
  };
}

/** An undo of a restore of the other state. */
export function disturbUndo(way: Way): DisturbedCommand {
  return {
    name: `undo ${way}`,
    family: `undo ${way}`,
    async prepare({ states: { [way]: states }, folder }) {
      const { instance, other } = states;
      const keep = ["--keep-previous", "1h"];
      // By a process that is gone then: what a live one has, nobody else settles.
      const args = ["restore", ...instance.config, `--${way}`, ...keep, other.archivePath];
      const restored = await startProgram(args).ended;
      mustHold(restored.exitCode === 0, `${way}: a restore succeeds before its undo`, restored.stderr);
      return undertaking(states, folder, ["restore", ...instance.config, "--undo"]);
    },
    async settle({ states: { [way]: states } }, run) {
      mustEndWell(run, failures);
      await nextCommandMustWork(states, run);
      const isUndone = (await foundState(states, true)) === states.current;
      const said = [describeDisturbance(run), run.end.stderr];
      if (run.end.exitCode === 0) mustHold(isUndone, `${way}: an undo that ends with 0 is done`, ...said);
      else if (isUndone)
        mustHold(/the undo is complete/.test(run.end.stderr), `${way}: an undo that is done says so`, ...said);
      if (!isUndone) {
        arriveAtOther(states);
        await mustUndo(states);
      }
      await mustHoldOneCopy(states, `at the end (${describeDisturbance(run)})`);
      return `${isUndone ? "undone" : "not undone"}${isUndone && run.end.exitCode !== 0 ? ", said to be untidied" : ""}`;
    },
  };
}

function undertaking({ instance, other }: TwoStates, folder: string, args: string[]): Undertaking {
  const roots = { archive: dirname(other.archivePath), instance: instance.folder };
  return { args, roots, log: join(folder, "calls") };
}

/**
 * A restore that fails takes back what it did, unless it says that it could not; in any case the next command clears what is
 * left.
 */
async function mustTellWhatIsLeft(states: TwoStates, run: DisturbedRun, keeps: boolean): Promise<void> {
  const isTidied = !saysWhatIsLeft(run) && run.call.kind !== "remove";
  const isKept = keeps && run.end.exitCode === 0;
  if (isTidied && !isKept)
    await mustHoldOneCopy(states, `after a run that says of nothing left (${describeDisturbance(run)})`);
  await nextCommandMustWork(states, run);
}

async function nextCommandMustWork({ instance, way }: TwoStates, run: DisturbedRun): Promise<void> {
  const next = await runCli(["check", ...instance.config]);
  const said = [describeDisturbance(run), run.end.stderr, next.stdout, next.stderr];
  mustHold(next.exitCode === 0 && !/^warn +lock/m.test(next.stdout), `${way}: the next command works`, ...said);
}
