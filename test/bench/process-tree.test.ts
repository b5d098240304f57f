import { expect, onTestFinished, test } from "vitest";
import { postmasterPid, treeUsage } from "../../bench/measure/process-tree.ts";
import { createTestDatabase, testCluster, withClient } from "../fixtures/postgres.ts";

test("counts processor time and bytes of server processes that have ended", async () => {
  const database = await createTestDatabase({ postgis: false });
  onTestFinished(() => database.drop());
  const pid = await postmasterPid(testCluster());
  const before = await treeUsage(pid);
  await withClient(database.settings, async (client) => {
    await client.query("create table filled as select md5(i::text) as text from generate_series(1, 200000) i");
  });
  const after = await treeUsage(pid);
  expect(after.cpuMs).toBeGreaterThan(before.cpuMs);
  // The table takes 13 MB, and the log as much.
  expect(after.diskWrittenBytes - before.diskWrittenBytes).toBeGreaterThan(13_000_000);
});
