import { tmpdir } from "node:os";
import type { PartPlan } from "../../../../src/stores/s3/part-sizes.ts";
import type { S3Patience, S3Settings } from "../../../../src/stores/s3/s3-settings.ts";
import { createS3Store } from "../../../../src/stores/s3/s3-store.ts";
import { everythingIn, makeBucket, settingsFor, type S3Server } from "../../../fixtures/s3/s3-server.ts";
import type { OpenStore, StoreWorld } from "../store-world.ts";

/** Parts as small as a server takes them; the third and those after it stand in files. */
function smallParts({ leastPartBytes }: S3Server): PartPlan {
  return {
    steps: [
      { parts: 2, sizeBytes: leastPartBytes },
      { parts: 10_000, sizeBytes: leastPartBytes + 65_537 },
    ],
    memoryBytes: leastPartBytes,
    budgetBytes: 3 * leastPartBytes,
  };
}

/** As patient as real runs, in less time. */
export const quickPatience: S3Patience = {
  attempts: 6,
  attemptsBeforeAnswer: 4,
  firstPauseMs: 10,
  longestPauseMs: 100,
  idleMs: 2000,
};

/** What makes a store of a test's server; its argument is {@link S3WorldArgs}. */
export const openStore: OpenStore = (args, pid) => {
  const { root, settings, parts, patience } = args as S3WorldArgs;
  const surroundings = { env: {}, pid, tmpFolder: tmpdir(), now: () => new Date() };
  return createS3Store(root, settings, surroundings, { parts, patience });
};

/** How {@link openStore} is called. */
export interface S3WorldArgs {
  root: string;
  settings: S3Settings;
  parts: PartPlan;
  patience: S3Patience;
}

/** How a store of a bucket of a server is made, at a prefix. */
export function s3WorldArgs(server: S3Server, bucket: string): S3WorldArgs {
  const settings = settingsFor(server);
  return { root: `s3://${bucket}/some/prefix`, settings, parts: smallParts(server), patience: quickPatience };
}

/** An empty bucket of a server, and a store that is a prefix of it. */
export async function s3World(server: S3Server): Promise<StoreWorld> {
  const bucket = await makeBucket(server);
  const args = s3WorldArgs(server, bucket);
  return {
    recipe: { module: import.meta.filename, args },
    everything: () => everythingIn(server, bucket),
    bigBytes: Math.floor(3.4 * server.leastPartBytes),
    refusal: "late",
  };
}
