import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { countContents, missingContents } from "../../bench/contents.ts";
import { borg } from "../../bench/contestants/borg.ts";
import type { Place } from "../../bench/contestants/contestant.ts";
import { resticContestant } from "../../bench/contestants/restic.ts";
import { type BenchInstance, makeSource, makeTarget } from "../../bench/instances.ts";
import { measureStep } from "../../bench/measure/measure-step.ts";
import { withServer } from "../../bench/surroundings.ts";
import { ensureServer } from "../../src/cluster/install-server.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const env = cleanEnvironment();
const { signal } = new AbortController();

for (const contestant of [resticContestant, borg]) {
  const reason = await contestant.missing();
  const name = `${contestant.name} brings back all that it took`;
  test.skipIf(reason !== undefined)(name, { timeout: 120_000 }, async () => {
    const folder = await tempFolder();
    await chmod(folder, 0o711);
    const server = await ensureServer({ env, signal, isRoot: false, note: () => {} });
    const surroundings = { env, signal, server, folder, startedAt: new Date(), note: () => {} };
    await withServer(surroundings, "server", async (cluster, work) => {
      const place = ({ settings, place: instance }: BenchInstance): Place => {
        const { host = "", port = 0, user = "" } = settings;
        const libpqEnv = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: instance.database };
        return {
          instance,
          libpqEnv,
          binDir: cluster.binDir,
          folder: join(work, "own"),
          before: undefined,
          jobs: 2,
          tables: [],
        };
      };
      const options = { cores: undefined, env, signal, logPath: join(work, "programs.log") };
      await mkdir(join(work, "own"));
      const source = await makeSource(cluster, work, tinyScale);
      await measureStep(await contestant.backup(place(source)), options);
      const expected = await countContents(source);
      // Twice, as rounds do.
      for (let round = 0; round < 2; round += 1) {
        const target = await makeTarget(cluster, join(work, "target"), source);
        await measureStep(await contestant.restore!(place(target)), options);
        expect(missingContents(expected, await countContents(target), false)).toEqual([]);
      }
      expect(expected.files).toBeGreaterThan(0);
    });
  });
}
