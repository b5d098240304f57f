import { expect, test } from "vitest";
import { testCluster } from "../fixtures/postgres.ts";
import type { Campaign } from "./campaign.ts";
import { runCampaign } from "./run-campaign.ts";

/** Long enough for the slowest machine: what a run takes is no promise. */
const timeoutMs = 15 * 60_000;

/** Declares the short, seeded run of a campaign as a test. */
export function testShortRun<World>(campaign: Campaign<World>): void {
  test(
    `${campaign.name}: ${campaign.about}`,
    async () => {
      const tally = await runCampaign(campaign, {
        cluster: testCluster(),
        count: campaign.shortCount,
        seed: 1,
        note: () => {},
      });
      const cases = [...tally.values()].reduce((sum, count) => sum + count, 0);
      expect(cases).toBe(campaign.shortCount);
    },
    timeoutMs,
  );
}
