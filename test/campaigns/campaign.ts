import type { TestClusterAddress } from "../fixtures/test-cluster.ts";
import type { ArchiveForm } from "./archives/forms.ts";
import type { Random } from "./random.ts";

/** An experiment that tries to break a promise, case by case. */
export interface Campaign<World = unknown> {
  /** As it is named on the command line: `kill-restore`. */
  name: string;
  /** What it does, in a line. */
  about: string;
  /** Whether its archives can be of another form than plain; not when left out. */
  hasForms?: boolean;
  /** Cases of the short run that belongs to `npm test`. */
  shortCount: number;
  /** Cases of a whole run; undefined: as many as {@link Campaign.allCases} says. */
  fullCount?: number;
  /** Makes what cases work on. Each worker has one of its own, and closes it. */
  prepare(setting: CampaignSetting): Promise<CampaignWorld<World>>;
  /** How many different cases a world has, where they can be counted: case number modulo this is another one each time. */
  allCases?(world: World): number;
  /**
   * Runs one case. All that differs between cases comes from `draw`.
   * @returns what came out, for the tally: `old`, `new`
   * @throws BrokenPromise when something that must hold does not
   */
  runCase(world: World, draw: CaseDraw): Promise<string>;
}

/** What a campaign is run in. */
export interface CampaignSetting {
  /** A private PostgreSQL with the template of the tests. */
  cluster: TestClusterAddress;
  /** What archives are like, in the campaigns that heed it; plain when left out. */
  form?: ArchiveForm | undefined;
  /** Says something about the campaign as a whole, such as how long an undisturbed run takes. */
  note: (line: string) => void;
}

/** What cases work on, and its end. */
export interface CampaignWorld<World> {
  world: World;
  close: () => Promise<void>;
}

/** Where a case takes its choices from. */
export interface CaseDraw {
  /** Counts up from the campaign's seed, so that a campaign of one case with this seed is the same case. */
  seed: number;
  random: Random;
}

/** Something that must hold in every case did not. */
export class BrokenPromise extends Error {
  override name = "BrokenPromise";
}

/**
 * Holds a case to what must be true of it.
 * @param details shown when it is not, a line each
 * @throws BrokenPromise
 */
export function mustHold(holds: boolean, promise: string, ...details: readonly string[]): asserts holds {
  if (!holds) throw new BrokenPromise([promise, ...details].join("\n  "));
}
