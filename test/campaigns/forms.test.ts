import { expect, test } from "vitest";
import { testCluster } from "../fixtures/postgres.ts";
import { moto } from "../fixtures/s3/moto.ts";
import { archiveForms } from "./archives/forms.ts";
import { killBackup } from "./kill-backup.ts";
import { killRestore } from "./kill-restore.ts";
import { runCampaign } from "./run-campaign.ts";

const timeoutMs = 15 * 60_000;

test.for(archiveForms.filter((form) => form !== "plain"))(
  "backups and restores that are killed, with archives of another form: %s",
  { timeout: timeoutMs },
  async (form, { skip }) => {
    if (form === "s3" && (await moto()) === undefined) return skip("moto is not installed");
    const run = { cluster: testCluster(), form, count: 4, seed: 1, note: () => {} };
    const tallies = [await runCampaign(killBackup, run), await runCampaign(killRestore, run)];
    for (const tally of tallies) expect([...tally.values()].reduce((sum, count) => sum + count, 0)).toBe(4);
  },
);
