import { afterAll, beforeAll, expect, test } from "vitest";
import { type DiskFullWorld, createDiskFullWorld } from "../campaigns/disk-full/world.ts";
import { testCluster } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";

let world: DiskFullWorld;

beforeAll(async () => {
  world = await createDiskFullWorld(testCluster());
});
afterAll(() => world.close());

test.for([
  ["storage", "files need"],
  ["fonts", "fonts need"],
  ["database", "the database needs about"],
] as const)("a restore without room names the disk that is short: %s", async ([which, words], { skip }) => {
  const disk = world.disks["in-place"][which];
  if (disk === undefined) return skip("no disk can be mounted here");
  const { instance, other } = world.states["in-place"];
  await disk.leave({ bytes: 16 * 1024 });
  try {
    const { stderr, exitCode } = await runCli(["restore", ...instance.config, "--in-place", other.archivePath]);
    expect(stderr).toContain(`error: not enough space: ${words}`);
    expect(stderr).toContain(disk.path);
    expect(exitCode).toBe(4);
  } finally {
    await disk.enlarge();
  }
});
