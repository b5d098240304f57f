import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { startProbe } from "../../bench/latency/probe.ts";
import { createTestDatabase, withClient } from "../fixtures/postgres.ts";

test("a probe asks for one feature after another until it is stopped", async () => {
  const database = await createTestDatabase({ postgis: false });
  onTestFinished(() => database.drop());
  await withClient(database.settings, (client) =>
    client.query("create table feature as select i as id from generate_series(1, 10) i"),
  );
  const probe = await startProbe(database.settings, "feature", 10);
  await sleep(200);
  const latenciesMs = await probe.stop();
  expect(latenciesMs.length).toBeGreaterThan(1);
  expect(Math.min(...latenciesMs)).toBeGreaterThan(0);

  const failing = await startProbe(database.settings, "feature", 1000);
  await sleep(100);
  await expect(failing.stop()).rejects.toThrow(/^feature has no feature \d+$/);
});
