import type { Application } from "./application.ts";

/** Any PostgreSQL database without files: nothing is left out, nothing is special. */
export const plain: Application = {
  name: "plain",
  components: new Map(),
  migrationTable: undefined,
  leavesOutRows: () => false,
  blobTable: () => Promise.resolve(undefined),
  countBlobs: () => Promise.resolve({ blobs: 0, sizeBytes: 0 }),
  async *listBlobs() {},
  knownBlobs: (_client, names) => Promise.resolve(names.map(() => true)),
  instanceId: () => Promise.resolve(null),
  appliedMigrations: () => Promise.resolve(null),
  recordBackup: () => Promise.resolve(),
  backupMark: () => Promise.resolve(null),
  afterLoad: () => Promise.resolve([]),
};
