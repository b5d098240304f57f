import { tmpdir } from "node:os";
import type { PartPlan } from "../../../../src/stores/s3/part-sizes.ts";
import type { S3Patience, S3Settings } from "../../../../src/stores/s3/s3-settings.ts";
import { createS3Store } from "../../../../src/stores/s3/s3-store.ts";
import { everythingIn, makeBucket, settingsFor, type S3Server } from "../../../fixtures/s3/s3-server.ts";
import type { OpenStore, StoreWorld } from "../store-world.ts";

const mib = 1024 * 1024;

/** The least that S3 takes; the third part and those after it stand in files. */
export const smallParts: PartPlan = {
  steps: [
    { parts: 2, sizeBytes: 5 * mib },
    { parts: 10_000, sizeBytes: 6 * mib },
  ],
  memoryBytes: 5 * mib,
  budgetBytes: 15 * mib,
};

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
  const { root, settings, patience } = args as S3WorldArgs;
  const surroundings = { env: {}, pid, tmpFolder: tmpdir(), now: () => new Date() };
  return createS3Store(root, settings, surroundings, { parts: smallParts, patience });
};

/** How {@link openStore} is called. */
export interface S3WorldArgs {
  root: string;
  settings: S3Settings;
  patience: S3Patience;
}

/** An empty bucket of a server, and a store that is a prefix of it. */
export async function s3World(server: S3Server): Promise<StoreWorld> {
  const bucket = await makeBucket(server);
  const args: S3WorldArgs = {
    root: `s3://${bucket}/some/prefix`,
    settings: settingsFor(server),
    patience: quickPatience,
  };
  return {
    recipe: { module: import.meta.filename, args },
    everything: () => everythingIn(server, bucket),
    bigBytes: 17 * mib + 11,
    refusal: "late",
  };
}
