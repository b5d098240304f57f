import { type Campaign, mustHold } from "./campaign.ts";
import { type DisturbedCommand, commandsFor } from "./io/commands.ts";
import { type Disturbance, describeDisturbance, runDisturbed, runUndisturbed } from "./io/disturbed-run.ts";
import { type IoWorld, createIoWorld } from "./io/world.ts";

interface World extends IoWorld {
  commands: readonly DisturbedCommand[];
  /** By command, each listed when it is first disturbed. */
  disturbances: Map<number, readonly Disturbance[]>;
}

const plainCommands = commandsFor("plain").length;

/** Makes every call of backup, verify, restore and undo fail, one a case, and looks at what is told and what is left. */
export const io: Campaign<World> = {
  name: "io",
  about: "makes one call of a backup, verify, restore or undo fail: a read, write, sync, rename, link, connection, ...",
  shortCount: plainCommands,
  // Some 12,800 in all; these have each call at each place, in each way, for its first time and many for the next.
  fullCount: plainCommands * 400,
  hasForms: true,
  async prepare({ cluster, form = "plain" }) {
    const world = await createIoWorld(cluster, form);
    const commands = commandsFor(form);
    return { world: { ...world, commands, disturbances: new Map() }, close: () => world.close() };
  },
  async runCase(world, { seed }) {
    const { commands } = world;
    const number = seed % commands.length;
    const command = commands[number]!;
    const list = world.disturbances.get(number) ?? (await listDisturbances(world, number));
    const disturbance = list[Math.floor(seed / commands.length) % list.length]!;
    const run = await runDisturbed(await command.prepare(world), disturbance);
    const outcome = await command.settle(world, run);
    return `${command.name}: ${outcome}${run.met ? "" : ` (${describeDisturbance(run)} did not come)`}`;
  },
};

/** Runs a command undisturbed, which has to succeed, to see which calls it makes. */
async function listDisturbances(world: World, number: number): Promise<readonly Disturbance[]> {
  const command = world.commands[number]!;
  const { run, disturbances } = await runUndisturbed(await command.prepare(world));
  await command.settle(world, run);
  mustHold(disturbances.length > 0, `${command.name}: calls are seen`);
  world.disturbances.set(number, disturbances);
  return disturbances;
}
