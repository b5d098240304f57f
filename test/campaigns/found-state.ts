import { runCli } from "../fixtures/run-cli.ts";
import { mustHold } from "./campaign.ts";
import { type State, type TwoStates, mustBeIn } from "./two-states.ts";

/** Takes note that the instance is in the other state now. */
export function arriveAtOther(states: TwoStates): void {
  [states.current, states.other] = [states.other, states.current];
}

/**
 * The state that the instance is in; beside a kept one only what is live is looked at.
 * @param keeps whether a previous state may be there
 */
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
