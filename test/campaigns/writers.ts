import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInstance } from "../../src/demo/instance.ts";
import { checkOneMoment } from "../../src/demo/one-moment.ts";
import { type Scale, tinyScale } from "../../src/demo/scale.ts";
import { startWriters } from "../../src/demo/writers.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { startProgram } from "../fixtures/run-program.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import { mustEndClearly } from "./clear-end.ts";
import { randomOf } from "./random.ts";
import { mustHoldNoLock } from "./two-states.ts";
import { type Digests, checkBlobContents, digestsOf } from "./writers/check-blobs.ts";
import { checkLayers } from "./writers/check-layers.ts";
import { prepareLayers, startLayerClients } from "./writers/layer-clients.ts";
import { startMaintenance } from "./writers/maintenance.ts";
import { Pauses } from "./writers/pauses.ts";

interface World {
  source: TestInstance;
  target: TestInstance;
  atRest: Digests;
  duringBackups: Pauses;
}

/** Enough that a backup reads for a while. */
const scale: Scale = {
  ...tinyScale,
  pointLayers: 3,
  pointsPerLayer: 3000,
  polygonsPerLayer: 500,
  attachments: 300,
  attachmentBytes: { min: 5000, max: 50_000 },
};

/** Backs an instance up while eight clients and more change everything in it, and holds the archive to be one moment. */
export const writers: Campaign<World> = {
  name: "writers",
  about: "backs up while clients upload, delete, count, make, alter, empty and drop layers, vacuum and clean up",
  shortCount: 2,
  fullCount: 200,
  async prepare({ cluster, note }) {
    const [source, target] = [await createTestInstance({ cluster }), await createTestInstance({ cluster })];
    const { settings } = source.database;
    await createInstance({ settings, sdir: source.sdir, scale });
    await prepareLayers(settings, 12);
    const atRest = await digestsOf(settings, storageOf(source));
    const world: World = { source, target, atRest, duringBackups: new Pauses() };
    const alone = new Pauses();
    await withClients(world, { seed: 1, random: randomOf(1) }, alone, () => sleep(2000));
    note(`without a backup, ${alone.toString()}`);
    return {
      world,
      async close() {
        note(`with backups, ${world.duringBackups.toString()}`);
        await source.drop();
        await target.drop();
      },
    };
  },
  async runCase(world, draw) {
    const { source, duringBackups } = world;
    const path = join(source.folder, `case-${draw.seed}`);
    const end = await withClients(world, draw, duringBackups, async () => {
      await sleep(draw.random.below(300));
      return await startBackup(source, path, draw).ended;
    });
    mustEndClearly(end, [0, 1, 4]);
    await mustHoldNoLock(source, "after the backup");
    if (end.exitCode !== 0) {
      mustHold(!existsSync(path), "a failed backup leaves no archive", end.stderr);
      // Which table it was is what the administrator needs.
      const reason = /was rewritten|was dropped|does not exist|stayed locked/.exec(end.stderr)?.[0];
      mustHold(
        reason !== undefined && /vector_layer|public\./.test(end.stderr),
        "only a table that is dropped or rewritten stops a backup, and is named",
        end.stderr,
      );
      return `refused: a table ${reason}`;
    }
    await mustBeOneMoment(world, path, end.stderr);
    await rm(path, { recursive: true });
    const anew = end.stderr.match(/begins anew/g)?.length ?? 0;
    return anew === 0 ? "one moment" : "one moment, by a later snapshot";
  },
};

function storageOf({ sdir }: TestInstance): string {
  return join(sdir, "file_storage");
}

/** Runs something beside four clients that upload and count, two that change layers, a vacuum and a clean-up. */
async function withClients<T>(
  { source }: World,
  { random, seed }: CaseDraw,
  pauses: Pauses,
  action: () => Promise<T>,
): Promise<T> {
  const { settings } = source.database;
  const uploading = await startWriters({
    settings,
    fileStoragePath: storageOf(source),
    clients: 4,
    onUpload: (durationMs) => pauses.add(durationMs),
  });
  // From an instance whose layers are hardly left alone to one that is altered now and then.
  const structureMs = random.oneOf([200, 1000, 5000] as const);
  const layers = startLayerClients(settings, { clients: 2, pauseMs: 20, structureMs, seed });
  const maintenance = startMaintenance(settings, storageOf(source), { pauseMs: structureMs, seed });
  try {
    return await action();
  } finally {
    await uploading.stop();
    await layers.stop();
    await maintenance.stop();
  }
}

function startBackup({ config }: TestInstance, path: string, { random }: CaseDraw): ReturnType<typeof startProgram> {
  const args = ["backup", ...config, path];
  if (random.below(2) === 0) args.push("--jobs", String(1 + random.below(4)));
  // A slow reader gives others the time to remove what it has not read yet.
  if (random.below(2) === 0) args.push("--read-rate", String(2_000_000 + random.below(8_000_000)));
  if (random.below(3) === 0) args.push("--no-zip");
  // With so few open files most of what is pinned is pinned by links.
  return startProgram(args, random.below(3) === 0 ? { openFiles: 250 } : {});
}

async function mustBeOneMoment({ target, atRest }: World, path: string, said: string): Promise<void> {
  const restored = await runCli(["restore", ...target.config, "--in-place", "--keep-previous", "0", path]);
  mustHold(restored.exitCode === 0, "the archive can be restored", restored.stderr, said);
  const { settings } = target.database;
  const moment = await checkOneMoment(settings, storageOf(target));
  const layers = await checkLayers(settings);
  const contents = await checkBlobContents(settings, storageOf(target), atRest);
  const faults = [...moment.faults, ...layers.faults, ...contents];
  mustHold(faults.length === 0, "the archive is one moment of the source", ...faults.slice(0, 10), said);
  mustHold(
    moment.blobs > 0 && moment.counters > 0 && moment.foreignKeys > 0 && layers.layers > 0,
    "there is something to check",
    JSON.stringify({ ...moment, ...layers }),
  );
}
