import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ngwbackupProgram } from "../../bench/contestants/ngwbackup.ts";
import { postmasterPid } from "../../bench/measure/process-tree.ts";
import { traceStages } from "../../bench/model/trace-stages.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { cleanEnvironment, testCluster } from "../fixtures/postgres.ts";
import { createTestInstance } from "../fixtures/test-instance.ts";

test("the stages of a backup are told apart, with what each took", async () => {
  const instance = await createTestInstance();
  onTestFinished(() => instance.drop());
  const { sdirPath, fileStoragePath } = await createInstance({
    settings: instance.database.settings,
    sdir: instance.sdir,
    scale: tinyScale,
  });
  const place = { configPath: instance.config[1], sdirPath, fileStoragePath, database: instance.database.name };
  const options = {
    cores: "0",
    env: cleanEnvironment(),
    signal: new AbortController().signal,
    serverPid: await postmasterPid(testCluster()),
  };
  const archive = join(instance.folder, "a.ngwbackup");
  const program = ngwbackupProgram({ instance: place }, ["backup", archive]);
  const costs = await traceStages(program, options);
  expect(costs.map(({ stage }) => stage)).toEqual(["start", "snapshot", "rows", "blobs", "finish"]);
  expect(costs.every(({ wallMs }) => wallMs >= 0)).toBe(true);
  expect(costs[0]?.mainCpuMs).toBeGreaterThanOrEqual(0);
  for (const { mainCpuMs, threadsCpuMs, programsCpuMs, serverCpuMs } of costs) {
    expect([mainCpuMs, threadsCpuMs, programsCpuMs, serverCpuMs].every((ms) => Number.isFinite(ms))).toBe(true);
  }
  await expect(traceStages(program, options)).rejects.toThrow("ngwbackup backup ended with 4");
});
