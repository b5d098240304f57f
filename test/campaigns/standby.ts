import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInstance } from "../../src/demo/instance.ts";
import { checkOneMoment } from "../../src/demo/one-moment.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { startWriters } from "../../src/demo/writers.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { type ProgramEnd, startProgram } from "../fixtures/run-program.ts";
import { type TestCluster, startTestCluster } from "../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import { mustEndClearly } from "./clear-end.ts";
import { conflictKinds, startConflicts } from "./standby/conflicts.ts";
import { type Replica, configOnReplica, startReplica } from "./standby/replica.ts";
import { checkLayers } from "./writers/check-layers.ts";
import { prepareLayers, startLayerClients } from "./writers/layer-clients.ts";

interface World {
  primary: TestCluster;
  replica: Replica;
  source: TestInstance;
  target: TestInstance;
  /** `--config` and the path of one that names the replica. */
  config: readonly [string, string];
}

/** Backs an instance up from a streaming replica while its primary is written to, and stands in the replica's way at times. */
export const standby: Campaign<World> = {
  name: "standby",
  about: "backs up from a streaming replica under load, and has the replica cancel what it reads",
  shortCount: 3,
  fullCount: 200,
  async prepare() {
    const primary = await startTestCluster(new AbortController().signal);
    let replica: Replica | undefined;
    const close = async (): Promise<void> => {
      await replica?.cluster.stop();
      await primary.stop();
    };
    try {
      const { address: cluster } = primary;
      const [source, target] = [await createTestInstance({ cluster }), await createTestInstance({ cluster })];
      const { settings } = source.database;
      await createInstance({
        settings,
        sdir: source.sdir,
        scale: { ...tinyScale, pointsPerLayer: 2000, attachments: 200 },
      });
      await prepareLayers(settings, 6);
      await withClient(settings, (client) => client.query("create table public.campaign_emptied (id integer)"));
      replica = await startReplica(primary.cluster);
      const config = await configOnReplica(source, replica.cluster);
      return {
        world: { primary, replica, source, target, config },
        async close() {
          await close();
          for (const { folder } of [source, target]) await rm(folder, { recursive: true, force: true });
        },
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
  async runCase(world, draw) {
    const { random, seed } = draw;
    const kind = conflictKinds[seed % conflictKinds.length] ?? "none";
    const delay = random.oneOf(["0", "100ms", "30s"] as const);
    const feedback = random.oneOf(["off", "on"] as const);
    await world.replica.configure({ max_standby_streaming_delay: delay, hot_standby_feedback: feedback });
    await world.replica.catchUp();
    const path = join(world.source.folder, `case-${seed}`);
    const end = await backUpUnderLoad(world, path, kind, draw);
    await mustHoldNoSession(world);
    const outcome = await whatCame(world, path, end);
    await rm(path, { recursive: true, force: true });
    return `${kind === "none" ? "no conflict" : kind}: ${outcome}`;
  },
};

async function backUpUnderLoad(
  { source, config }: World,
  path: string,
  kind: (typeof conflictKinds)[number],
  { random, seed }: CaseDraw,
): Promise<ProgramEnd> {
  const { settings } = source.database;
  const clients = await startWriters({ settings, fileStoragePath: join(source.sdir, "file_storage"), clients: 4 });
  const layers =
    random.below(2) === 0
      ? startLayerClients(settings, { clients: 1, pauseMs: 20, structureMs: 2000, seed })
      : undefined;
  const conflicts = startConflicts(settings, kind, random);
  try {
    await sleep(random.below(300));
    const args = ["backup", ...config, path];
    if (random.below(2) === 0) args.push("--read-rate", String(1_000_000 + random.below(4_000_000)));
    return await startProgram(args).ended;
  } finally {
    await conflicts.stop();
    await layers?.stop();
    await clients.stop();
  }
}

async function whatCame({ target }: World, path: string, end: ProgramEnd): Promise<string> {
  mustEndClearly(end, [0, 1, 3, 4]);
  const { exitCode, stderr } = end;
  if (exitCode === 1 || exitCode === 4) {
    mustHold(!existsSync(path), "a failed backup leaves no archive", stderr);
    if (/was rewritten|dropped in the meantime|stayed locked/.test(stderr)) return "refused: a table was changed";
    mustHold(
      exitCode === 1 && /max_standby_streaming_delay/.test(stderr) && /hot_standby_feedback/.test(stderr),
      "a conflict with recovery names the settings that help",
      stderr,
    );
    return "cancelled by recovery";
  }
  const restored = await runCli(["restore", ...target.config, "--in-place", "--keep-previous", "0", path]);
  mustHold(restored.exitCode === 0, "the archive can be restored", restored.stderr, stderr);
  const { settings } = target.database;
  const moment = await checkOneMoment(settings, join(target.sdir, "file_storage"));
  const layers = await checkLayers(settings);
  const lost = new Set(Array.from(stderr.matchAll(/blob (\S+)\/([0-9a-f]{32}) is missing/g), ([, , uuid]) => uuid));
  const faults = [...moment.faults, ...layers.faults].filter((fault) => !isOfLoss(fault, lost));
  mustHold(
    faults.length === 0,
    "the archive is one moment but for losses that are named",
    ...faults.slice(0, 10),
    stderr,
  );
  mustHold(lost.size > 0 === (exitCode === 3), "losses, and only they, end with 3", stderr);
  mustHold(moment.blobs > 0 && moment.counters > 0 && layers.layers > 0, "there is something to check");
  return exitCode === 0 ? "complete" : "complete but for named losses";
}

/** Without a lock that a standby cannot give, a deletion may outrun us: then the blob is named. */
function isOfLoss(fault: string, lost: ReadonlySet<string | undefined>): boolean {
  const uuid = /^blob \S+\/([0-9a-f]{32}): .* found no file$/.exec(fault)?.[1];
  if (uuid !== undefined) return lost.has(uuid);
  return lost.size > 0 && /say (\d+), \1, no file$/.test(fault);
}

async function mustHoldNoSession({ replica, source }: World): Promise<void> {
  const { host, port, superuser: user } = replica.cluster;
  await withClient({ host, port, user, database: "postgres", env: {} }, async (client) => {
    let sessions: string[] = [];
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const { rows } = await client.query<{ line: string }>(
        "select application_name || ': ' || left(query, 100) as line from pg_stat_activity where usename = $1",
        [source.database.role],
      );
      sessions = rows.map(({ line }) => line);
      if (sessions.length === 0) return;
      await sleep(100);
    }
    mustHold(false, "no session is left on the standby", ...sessions);
  });
}
