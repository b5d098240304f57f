import { describe, expect, test } from "vitest";
import { type Campaign, BrokenPromise, mustHold } from "./campaign.ts";
import { CaseFailed, formatTally, runCampaign } from "./run-campaign.ts";

const setting = { cluster: { host: "", port: 0, superuser: "", binDir: "" }, note: () => {}, seed: 40 };

function campaignOf(runCase: Campaign<number[]>["runCase"], closed: number[] = []): Campaign<number[]> {
  return {
    name: "sample",
    about: "a sample",
    shortCount: 3,
    fullCount: 5,
    prepare: async () => ({ world: [], close: async () => void closed.push(1) }),
    allCases: () => 7,
    runCase,
  };
}

describe("a campaign", () => {
  test("runs its cases by seeds that count up, and tallies outcomes", async () => {
    const seeds: number[] = [];
    const campaign = campaignOf(async (_world, { seed }) => {
      seeds.push(seed);
      return seed % 2 === 0 ? "even" : "odd";
    });
    const tally = await runCampaign(campaign, { ...setting, count: undefined });
    expect(seeds).toEqual([40, 41, 42, 43, 44]);
    expect(formatTally(tally)).toBe("3 even, 2 odd");
  });

  test("has all the cases of its world where no number is fixed", async () => {
    const { fullCount: _, ...campaign } = campaignOf(async () => "done");
    expect(formatTally(await runCampaign(campaign, { ...setting, count: undefined, workers: 3 }))).toBe("7 done");
  });

  test("stops at the first case that does not hold, says how to repeat it, and closes its worlds", async () => {
    const closed: number[] = [];
    const campaign = campaignOf(async (_world, { seed }) => {
      mustHold(seed !== 42, "the answer is another one", "found 42");
      return "held";
    }, closed);
    const failure: unknown = await runCampaign(campaign, { ...setting, count: 5 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CaseFailed);
    expect((failure as CaseFailed).cause).toBeInstanceOf(BrokenPromise);
    expect((failure as CaseFailed).message).toBe(
      "sample, case of seed 42: the answer is another one\n  found 42\nrepeat it: npm run campaign -- sample --count 1 --seed 42",
    );
    expect(formatTally((failure as CaseFailed).tally)).toBe("2 held");
    expect(closed).toEqual([1]);
  });

  test("a case draws the same choices whichever run it belongs to", async () => {
    const drawn: number[][] = [];
    const campaign = campaignOf(async (_world, { random }) => {
      drawn.push([random.below(1000), random.fraction(), random.oneOf([1, 2, 3])]);
      return "drawn";
    });
    await runCampaign(campaign, { ...setting, count: 3 });
    await runCampaign(campaign, { ...setting, seed: 42, count: 1 });
    expect(drawn[3]).toEqual(drawn[2]);
    expect(drawn[1]).not.toEqual(drawn[2]);
  });
});
