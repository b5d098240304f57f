import type { Campaign, CampaignSetting } from "./campaign.ts";
import { type DisturbedCommand, commandsFor } from "./io/commands.ts";
import { describeDisturbance, runDisturbed } from "./io/disturbed-run.ts";
import { type Turn, disturbanceOf, listTurns } from "./io/turns.ts";
import { type IoWorld, createIoWorld } from "./io/world.ts";

interface World extends IoWorld {
  commands: readonly DisturbedCommand[];
  turns: readonly Turn[];
}

/** Worlds of one run go by the same list, which is made in the first. */
const turnsOfRuns = new WeakMap<CampaignSetting, Promise<readonly Turn[]>>();

/** Makes every call of backup, verify, restore and undo fail, one a case, and looks at what is told and what is left. */
export const io: Campaign<World> = {
  name: "io",
  about: "makes one call of a backup, verify, restore or undo fail: a read, write, sync, rename, link, connection, ...",
  shortCount: commandsFor("plain").length,
  hasForms: true,
  async prepare(setting) {
    const { cluster, form = "plain" } = setting;
    const world = await createIoWorld(cluster, form);
    const commands = commandsFor(form);
    const listed = turnsOfRuns.get(setting) ?? listTurns(world, commands);
    turnsOfRuns.set(setting, listed);
    return { world: { ...world, commands, turns: await listed }, close: () => world.close() };
  },
  allCases: ({ turns }) => turns.length,
  async runCase(world, { seed }) {
    const { commands, turns } = world;
    const turn = turns[seed % turns.length]!;
    const { maker, disturbance } = disturbanceOf(turn, Math.floor(seed / turns.length));
    const command = commands[maker]!;
    const run = await runDisturbed(await command.prepare(world), disturbance);
    const outcome = await command.settle(world, run);
    return `${command.name}: ${outcome}${run.met ? "" : ` (${describeDisturbance(run)} did not come)`}`;
  },
};
