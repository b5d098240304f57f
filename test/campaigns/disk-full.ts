import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProgramEnd } from "../fixtures/run-program.ts";
import type { SmallDisk } from "../fixtures/small-disk.ts";
import { type Campaign, mustHold } from "./campaign.ts";
import { type FullPlace, type Shortage, drawShortage, fullPlaces } from "./disk-full/places.ts";
import { type DiskFullWorld, createDiskFullWorld } from "./disk-full/world.ts";

interface World extends DiskFullWorld {
  /** How long a command takes that has room, the latest of each place. */
  wholeMs: Map<FullPlace, number>;
}

/** Has a disk, or a limit of the process, run full before or while a command writes, and looks at what it says and leaves. */
export const diskFull: Campaign<World> = {
  name: "disk-full",
  about: "fills the target of a backup, the storage, fonts or database of a restore, or the spool, before or meanwhile",
  shortCount: fullPlaces.length,
  fullCount: fullPlaces.length * 60,
  async prepare({ cluster, note }) {
    const world = await createDiskFullWorld(cluster);
    if (world.target.disk === undefined)
      note("this process may not mount a tmpfs: only limits of single files are tried, all other cases are skipped");
    return { world: { ...world, wholeMs: new Map() }, close: () => world.close() };
  },
  async runCase(world, { seed, random }) {
    const place = fullPlaces[seed % fullPlaces.length]!;
    const disk = place.disk(world);
    const isLimit = place.name.includes("limit");
    if (disk === undefined && !isLimit) return `${place.name}: skipped, no tmpfs can be mounted here`;
    const drawn = drawShortage(place, await place.neededBytes(world), random);
    // A limit is there from the start.
    const shortage: Shortage = isLimit ? { bytes: drawn.bytes ?? 0 } : drawn;
    const usedBytes = await usedForGood(world, disk);
    const end = await runWithout(world, place, shortage);
    if (end.exitCode === 0) {
      await disk?.enlarge();
      await place.mustBeDone(world, end);
      return `${place.name}: enough`;
    }
    mustTellOfTheDisk(place, shortage, end);
    await place.mustBeAsBefore(world, end);
    const stillUsedBytes = await usedForGood(world, disk);
    // What a server keeps in its files is its own affair.
    if (!place.name.includes("database"))
      mustHold(
        stillUsedBytes === usedBytes,
        `${place.name}: all room is given back`,
        `${usedBytes}`,
        `${stillUsedBytes}`,
        end.stderr,
      );
    await disk?.enlarge();
    const again = await (await place.start(world, {})).ended;
    mustHold(
      again.exitCode === 0,
      `${place.name}: the same command works once there is room`,
      again.stderr,
      end.stderr,
    );
    world.wholeMs.set(place, again.durationMs);
    await place.mustBeDone(world, again);
    return `${place.name}: ${end.exitCode === 4 ? "refused" : "ran out"}`;
  },
};

/** What a disk holds, but for the history of runs, which grows with each of them. */
async function usedForGood({ states }: World, disk: SmallDisk | undefined): Promise<number> {
  let bytes = (await disk?.usedBytes()) ?? 0;
  for (const { instance } of Object.values(states)) {
    if (instance.sdir !== disk?.path) continue;
    const history = await stat(join(instance.sdir, ".ngwbackup", "history.sqlite")).catch(() => undefined);
    bytes -= (history?.blocks ?? 0) * 512;
  }
  return bytes;
}

async function runWithout(world: World, place: FullPlace, shortage: Shortage): Promise<ProgramEnd> {
  const { fromShare, ...room } = shortage;
  const disk = place.disk(world);
  if (fromShare === undefined) await disk?.leave(room);
  const options = disk === undefined ? { fileBytes: room.bytes! } : {};
  const { ended } = await place.start(world, options);
  if (fromShare !== undefined) {
    await Promise.race([ended, sleep(fromShare * (world.wholeMs.get(place) ?? 1000))]);
    await disk?.leave(room);
  }
  return await ended;
}

/** An error of ours that says what has no room, and how much is needed. */
function mustTellOfTheDisk(place: FullPlace, shortage: Shortage, { exitCode, stdout, stderr }: ProgramEnd): void {
  const said = [JSON.stringify(shortage), `exit ${exitCode}`, stdout.slice(0, 2000), stderr];
  const error = /^(?:error: |bad )(.*(?:\n {2}.*)*)/m.exec(stderr + stdout)?.[1] ?? "";
  mustHold(exitCode === 1 || exitCode === 4, `${place.name}: the exit code is 1, or 4 when it was refused`, ...said);
  mustHold(!/unexpected:|^ {4}at /m.test(stderr), `${place.name}: the error is one of ours`, ...said);
  const words =
    /no space|not enough space|disk is full|quota|grew larger|EFBIG|file too large|could not (extend|write)/i;
  mustHold(words.test(error), `${place.name}: the error says that there is no room`, ...said);
  mustHold(place.named.test(error), `${place.name}: the error names the place`, ...said);
  if (shortage.bytes !== undefined && !place.name.includes("database"))
    mustHold(
      /\d+(\.\d+)? ((more )?bytes|[KMG]iB|B)\b/.test(error),
      `${place.name}: the error says how much is needed`,
      ...said,
    );
}
