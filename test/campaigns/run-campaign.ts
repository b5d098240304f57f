import type { Campaign, CampaignSetting } from "./campaign.ts";
import type { ArchiveForm } from "./archives/forms.ts";
import { randomOf } from "./random.ts";

/** How much of a campaign is run. */
export interface CampaignRun extends CampaignSetting {
  /** Undefined: all of it. */
  count: number | undefined;
  seed: number;
  /** Cases at once, each worker in a world of its own; 1 when left out. */
  workers?: number;
  /** Called after each case. */
  onCase?(done: number, total: number, tally: Tally): void;
  /** Ends the run between two cases. */
  signal?: AbortSignal;
}

/** How often each outcome came. */
export type Tally = ReadonlyMap<string, number>;

/** A case that did not hold, with what repeats it. */
export class CaseFailed extends Error {
  override name = "CaseFailed";
  readonly tally: Tally;

  constructor(
    campaign: string,
    { seed, form = "plain" }: { seed: number; form: ArchiveForm | undefined },
    tally: Tally,
    cause: unknown,
  ) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(
      `${campaign}, case of seed ${seed}: ${message}\nrepeat it: npm run campaign -- ${campaign} --count 1 --seed ${seed}${form === "plain" ? "" : ` --form ${form}`}`,
      {
        cause,
      },
    );
    this.tally = tally;
  }
}

/**
 * Runs the cases of a campaign until one fails.
 * @throws CaseFailed for the first that does not hold, and for anything else that goes wrong in a case
 */
export async function runCampaign<World>(campaign: Campaign<World>, run: CampaignRun): Promise<Tally> {
  const tally = new Map<string, number>();
  let next = 0;
  let done = 0;
  let total = run.count ?? campaign.fullCount;
  let failure: CaseFailed | undefined;
  const work = async (): Promise<void> => {
    const { world, close } = await campaign.prepare(run);
    try {
      total ??= campaign.allCases?.(world) ?? 1;
      while (next < total && failure === undefined && run.signal?.aborted !== true) {
        const seed = run.seed + next;
        next += 1;
        try {
          const outcome = await campaign.runCase(world, { seed, random: randomOf(seed) });
          tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
        } catch (error) {
          failure ??= new CaseFailed(campaign.name, { seed, form: run.form }, tally, error);
          break;
        }
        done += 1;
        run.onCase?.(done, total, tally);
      }
    } finally {
      await close();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: run.workers ?? 1 }, work));
  if (failure !== undefined) throw failure;
  for (const result of ended) if (result.status === "rejected") throw result.reason;
  return tally;
}

/** `37 new, 63 old`, by name. */
export function formatTally(tally: Tally): string {
  return [...tally]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(", ");
}
