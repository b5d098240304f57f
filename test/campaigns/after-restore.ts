import { rm } from "node:fs/promises";
import { runCli } from "../fixtures/run-cli.ts";
import type { ProgramEnd } from "../fixtures/run-program.ts";
import { type CaseDraw, mustHold } from "./campaign.ts";
import {
  type State,
  type TwoStates,
  databasesOfRuns,
  filesOfRuns,
  hasSessions,
  mustBeIn,
  mustHoldOneCopy,
} from "./two-states.ts";

/** What was the other state is the one that the instance holds now. */
export function arriveAtOther(states: TwoStates): void {
  [states.current, states.other] = [states.other, states.current];
}

/** The next command, of any kind: it works, and says what it found. */
export async function mustClearUp(
  states: TwoStates,
  end: ProgramEnd,
  { random }: Pick<CaseDraw, "random">,
  keeps: boolean,
): Promise<void> {
  const { instance, way } = states;
  // The server may still be dropping what a killed command asked it to drop: then nobody else needs to say so.
  const isSettled = !(await hasSessions(instance));
  const before = [...filesOfRuns(states), ...(await databasesOfRuns(states))];
  const command = random.oneOf(["check", "backup", "restore --dry-run"] as const);
  const next = await runCli(
    command === "restore --dry-run"
      ? ["restore", ...instance.config, "--dry-run", states.current.archivePath]
      : [command, ...instance.config, ...(command === "backup" ? ["--one-shot"] : [])],
  );
  mustHold(next.exitCode === 0, `${way}: the next command, ${command}, works`, end.stderr, next.stderr);
  if (command === "backup") await rm(next.stdout.trim());
  // A dry run changes nothing, and a backup that meets a server which is still busy with what was killed warns and goes on: the
  // command behind it clears up.
  if (command === "restore --dry-run" || /could not be settled/.test(next.stderr)) {
    const check = await runCli(["check", ...instance.config]);
    mustHold(check.exitCode === 0, `${way}: check works after ${command}`, next.stderr, check.stderr);
    next.stderr += check.stderr;
  }
  const after = [...filesOfRuns(states), ...(await databasesOfRuns(states))];
  // A folder for work folders that is empty (a kill before the first, or behind the last) is nothing to speak of.
  const cleared = before.filter((name) => !after.includes(name) && name !== "");
  mustHold(
    cleared.length === 0 || !isSettled || /took back|finished|removed|dropped/.test(next.stderr),
    `${way}: ${command} says what it found and cleared`,
    ...cleared.slice(0, 20),
    next.stderr,
  );
  if (!keeps) await mustHoldOneCopy(states, `after ${command}`, next.stderr);
}

/** The state that the instance is in; beside a kept one only what is live is looked at. */
export async function foundState(states: TwoStates, keeps: boolean): Promise<State> {
  const { instance } = states;
  const found = await instance.fingerprint();
  const kept = /__previous_/;
  if (keeps && Object.keys(found.tables).some((name) => kept.test(name))) {
    const live = <T>(parts: Record<string, T>): Record<string, T> =>
      Object.fromEntries(Object.entries(parts).filter(([name]) => !kept.test(name)));
    const { objects } = states.other.fingerprint;
    return mustBeIn(states, { ...found, tables: live(found.tables), sequences: live(found.sequences), objects }, [
      states.other,
    ]);
  }
  return mustBeIn(states, found, [states.current, states.other]);
}

/** A finished switch can be undone, exactly. */
export async function mustUndo(states: TwoStates): Promise<void> {
  const { instance, way } = states;
  const undone = await runCli(["restore", ...instance.config, "--undo"]);
  mustHold(undone.exitCode === 0, `${way}: what was kept comes back`, undone.stderr);
  arriveAtOther(states);
  mustBeIn(states, await instance.fingerprint(), [states.current]);
}
