import { createHash } from "node:crypto";
import type { Call } from "../../fixtures/failing-calls/call-plan.ts";
import { mustHold } from "../campaign.ts";
import type { DisturbedCommand } from "./commands.ts";
import { type Disturbance, runUndisturbed } from "./disturbed-run.ts";
import { faultsOf } from "./faults.ts";
import type { IoWorld } from "./world.ts";

/** A call that has its turn to fail: the nth one of its kind at its place, in commands of a family. */
export interface Turn {
  call: Call;
  nth: number;
  /** Commands that make it, as indexes: one at least. */
  makers: readonly number[];
  /** Spreads what turns are drawn for, the same in every list. */
  draw: number;
}

/**
 * Runs every command undisturbed, which has to succeed, and lists the calls that they make, each once: first one of each
 * command, the others mixed. The list is the same whenever the programs make the same calls, and nearly so when one more comes.
 */
export async function listTurns(world: IoWorld, commands: readonly DisturbedCommand[]): Promise<readonly Turn[]> {
  const turns = new Map<string, Turn & { order: string; makers: number[] }>();
  for (const [maker, command] of commands.entries()) {
    const { run, calls } = await runUndisturbed(await command.prepare(world));
    await command.settle(world, run);
    mustHold(calls.length > 0, `${command.name}: calls are seen`);
    const counts = new Map<string, number>();
    for (const call of calls) {
      const line = JSON.stringify(call);
      const nth = (counts.get(line) ?? 0) + 1;
      counts.set(line, nth);
      const key = `${command.family} ${line} ${nth}`;
      const digest = createHash("sha256").update(key).digest();
      const turn = turns.get(key) ?? {
        call,
        nth,
        makers: [],
        draw: digest.readUInt16BE(),
        order: digest.toString("hex"),
      };
      turns.set(key, turn);
      turn.makers.push(maker);
    }
  }
  const mixed = [...turns.values()].toSorted((one, other) => (one.order < other.order ? -1 : 1));
  const firsts = commands.map((_, maker) => mixed.find(({ makers, draw }) => makers[draw % makers.length] === maker)!);
  return [...firsts, ...mixed.filter((turn) => !firsts.includes(turn))];
}

/** Which command makes the call in a round, and in which way it fails: after as many rounds as there are, in all of them. */
export function disturbanceOf(
  { call, nth, makers, draw }: Turn,
  round: number,
): { maker: number; disturbance: Disturbance } {
  const faults = faultsOf[call.kind];
  const way = draw + round;
  const fault = faults[Math.floor(way / makers.length) % faults.length]!;
  return { maker: makers[way % makers.length]!, disturbance: { call, nth, fault } };
}
