import { setTimeout as sleep } from "node:timers/promises";
import { type ProgramEnd, startProgram } from "../fixtures/run-program.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import { arriveAtOther, foundState, mustClearUp, mustUndo } from "./after-restore.ts";
import { terminateOneSession } from "./terminate-session.ts";
import { type TwoStates, type Way, createTwoStates, mustHoldOneCopy } from "./two-states.ts";

interface World {
  states: Readonly<Record<Way, TwoStates>>;
  /** How long an undisturbed restore took, the latest. */
  wholeMs: Record<Way, number>;
}

const ways: readonly Way[] = ["side-by-side", "in-place"];

/** Ends restores at random moments, and looks at what is there once another command has run. */
export const killRestore: Campaign<World> = {
  name: "kill-restore",
  about: "ends a restore or a session of its at a random moment, then the clean-up as well at times",
  shortCount: 12,
  hasForms: true,
  fullCount: 2000,
  async prepare({ cluster, form, note }) {
    const states = {
      "side-by-side": await createTwoStates(cluster, "side-by-side", { form }),
      "in-place": await createTwoStates(cluster, "in-place", { form }),
    };
    const world: World = { states, wholeMs: { "side-by-side": 0, "in-place": 0 } };
    for (const way of ways) {
      const end = await startProgram(restoreArgs(states[way], false)).ended;
      mustHold(end.exitCode === 0, `${way}: an undisturbed restore succeeds`, end.stderr);
      world.wholeMs[way] = end.durationMs;
      arriveAtOther(states[way]);
      note(`a whole restore ${way} takes ${Math.round(end.durationMs)} ms`);
    }
    return {
      world,
      async close() {
        for (const way of ways) await states[way].close();
      },
    };
  },
  async runCase(world, draw) {
    const way = ways[draw.seed % 2] as Way;
    const states = world.states[way];
    const keeps = draw.random.below(2) === 0;
    const hit = draw.random.fraction() < 0.75 ? "program" : "session";
    const end = await disturbedRestore(states, keeps, hit, draw, world.wholeMs[way]);
    if (end.exitCode === 0) world.wholeMs[way] = end.durationMs;
    const hasSecondKill = draw.random.fraction() < 0.3;
    if (hasSecondKill) await killedCleanUp(states, draw);
    await mustClearUp(states, end, draw, keeps);
    const found = await foundState(states, keeps);
    const isNew = found === states.other;
    // A kill after the last word is no failure; a failure that says so is the old state or says what is done.
    if (end.exitCode === 0) mustHold(isNew, `${way}: a restore that ends with 0 gives the new state`, end.stderr);
    if (isNew) {
      arriveAtOther(states);
      if (keeps) await mustUndo(states);
    }
    await mustHoldOneCopy(states, "at the end");
    return `${way}: ${isNew ? "new" : "old"} after ${hit} ${end.exitCode === 0 ? "met the end" : "killed"}${hasSecondKill ? ", twice" : ""}`;
  },
};

function restoreArgs({ instance, other, way }: TwoStates, keeps: boolean): string[] {
  return ["restore", ...instance.config, `--${way}`, "--keep-previous", keeps ? "1h" : "0", other.archivePath];
}

async function disturbedRestore(
  states: TwoStates,
  keeps: boolean,
  hit: "program" | "session",
  { random }: CaseDraw,
  wholeMs: number,
): Promise<ProgramEnd> {
  const { child, ended } = startProgram(restoreArgs(states, keeps));
  const moment = sleep(random.fraction() * wholeMs * 1.05);
  const first = await Promise.race([ended, moment]);
  if (first !== undefined) return first;
  if (hit === "program") child.kill("SIGKILL");
  else await terminateOneSession(states.instance.database, random);
  return await ended;
}

/** A command that settles what is left, killed on its way as well. */
async function killedCleanUp(states: TwoStates, { random }: CaseDraw): Promise<void> {
  const { child, ended } = startProgram(["check", ...states.instance.config]);
  await Promise.race([ended, sleep(100 + random.fraction() * 900)]);
  child.kill("SIGKILL");
  await ended;
}
