import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { damageBytes, flipBit } from "./archives/damage-bytes.ts";
import { instanceState } from "./archives/instance-state.ts";
import { mustBePrintable, mustSayWhere } from "./archives/printed.ts";
import {
  type SampleArchive,
  type SampleArchives,
  type SampleKind,
  type Samples,
  createSamples,
  sampleKinds,
} from "./archives/sample-archives.ts";
import { swapChunks } from "./archives/swap-chunks.ts";
import { drawTwo, swapEntries } from "./archives/swap-entries.ts";
import { type ZipLayout, harmlessChange, zipLayout } from "./archives/zip-layout.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import type { Random } from "./random.ts";

interface World {
  samples: Samples;
  /** Of the instance as it stands, and has to stay. */
  archives: SampleArchives;
  layouts: ReadonlyMap<SampleKind, ZipLayout>;
  before: string;
  fingerprint: Fingerprint;
}

/** A damaged archive, with what was done to it. */
interface DamagedArchive {
  sample: SampleArchive;
  /** Its files that differ. */
  changed: ReadonlyMap<string, Buffer>;
  what: string;
  details: string;
  /** Why it may be taken for sound. */
  harmless?: string | undefined;
}

/** Damages archives, and looks whether verify finds it and a restore leaves the instance alone. */
export const flip: Campaign<World> = {
  name: "flip",
  about: "flips a bit of an archive, cuts its end off, or damages it in another way",
  shortCount: 180,
  fullCount: 12_000,
  async prepare(setting) {
    const samples = await createSamples(setting.cluster, "flip");
    await withClient(samples.instance.database.settings, (client) =>
      client.query("update resource set description = 'of another moment'"),
    );
    const archives = await samples.writeAgain();
    const layouts = new Map<SampleKind, ZipLayout>();
    for (const kind of sampleKinds) {
      const { path, files, readArgs } = archives[kind];
      const { exitCode, stdout } = await runCli(["verify", ...readArgs, path]);
      mustHold(exitCode === 0, `the archive that cases damage is sound: ${kind}`, stdout);
      const whole = files.get("");
      if (whole !== undefined && kind !== "encrypted") layouts.set(kind, await zipLayout(whole));
      setting.note(
        `${kind}: ${[...files.values()].reduce((sum, { length }) => sum + length, 0)} bytes in ${files.size} files`,
      );
    }
    const fingerprint = await samples.instance.fingerprint();
    const before = await instanceState(samples.instance);
    return {
      world: { samples, archives, layouts, before, fingerprint },
      close: () => samples.close(),
    };
  },
  async runCase(world, draw) {
    const { sample, changed, what, details, harmless } = await damage(world, draw);
    try {
      for (const [name, bytes] of changed) await writeFile(pathOf(sample, name), bytes);
      const { stdout, stderr, exitCode } = await runCli(["verify", ...sample.readArgs, sample.path]);
      mustBePrintable(stdout + stderr, "what verify prints");
      if (exitCode === 0 && harmless !== undefined) return `${sample.kind}: ${what}, ${harmless}`;
      const found = [`${sample.kind}: ${what}: ${details}`, `exit code ${exitCode}`, stdout, stderr];
      if (isForOthers(sample, changed) && exitCode === 4) {
        mustHold(stdout.includes(": cannot decrypt "), "an archive for others is told as such", ...found);
        await mustRefuseRestore(world, sample, draw, 4);
        return `${sample.kind}: ${what}, taken for one of others`;
      }
      mustHold(exitCode === 5, "verify finds the damage", ...found);
      mustSayWhere(stdout);
      await mustRefuseRestore(world, sample, draw, 5);
      return `${sample.kind}: ${what}, found`;
    } finally {
      for (const name of changed.keys()) await writeFile(pathOf(sample, name), sample.files.get(name)!);
    }
  },
};

/** Of each twelve cases ten flip a bit, one cuts the end off, one does something else. */
async function damage(world: World, { seed, random }: CaseDraw): Promise<DamagedArchive> {
  const sample = world.archives[random.oneOf(sampleKinds)];
  const [name, bytes] = drawFile(sample, random);
  const turn = seed % 12;
  if (turn === 11) return await damageOtherwise(world, sample, random);
  if (turn === 10) {
    const length = random.below(bytes.length);
    const changed = new Map([[name, bytes.subarray(0, length)]]);
    return { sample, changed, what: "cut off", details: `${name} after ${length} of ${bytes.length} bytes` };
  }
  const layout = world.layouts.get(sample.kind);
  const at = layout === undefined ? random.below(bytes.length) : drawPlace(layout, bytes, random);
  const bit = random.below(8);
  const flipped = flipBit(bytes, at, bit);
  const harmless = whyHarmless(world, sample, bytes, flipped);
  const details = `${name} bit ${bit} of byte ${at} of ${bytes.length}`;
  return { sample, changed: new Map([[name, flipped]]), what: "flipped", details, harmless };
}

/** Any byte, but half of the time one of the headers, which are few among the data. */
function drawPlace({ structure }: ZipLayout, bytes: Buffer, random: Random): number {
  if (random.below(2) === 0) return random.below(bytes.length);
  let place = random.below(structure.reduce((sum, { start, end }) => sum + end - start, 0));
  for (const { start, end } of structure) {
    if (place < end - start) return start + place;
    place -= end - start;
  }
  throw new Error("a place is within the structure");
}

/** A file of the archive that has content, each byte as likely; small ones are drawn as such at times. */
function drawFile({ files }: SampleArchive, random: Random): [name: string, bytes: Buffer] {
  const full = [...files].filter(([, { length }]) => length > 0);
  if (random.below(3) === 0) return random.oneOf(full);
  let place = random.below(full.reduce((sum, [, { length }]) => sum + length, 0));
  return full.find(([, { length }]) => (place -= length) < 0) as [string, Buffer];
}

async function damageOtherwise(world: World, sample: SampleArchive, random: Random): Promise<DamagedArchive> {
  const other = world.samples.archives[sample.kind].files;
  const [name, bytes] = drawFile(sample, random);
  // Without a manifest nothing tells one blob of a size from another.
  const swaps = sample.kind !== "nextgisweb" && random.below(4) === 0;
  if (swaps && sample.kind === "encrypted") {
    const damaged = swapChunks(bytes, random);
    return { sample, changed: new Map([[name, damaged.bytes]]), what: damaged.what, details: damaged.details };
  }
  if (swaps && sample.kind === "folder") {
    const [one, another] = drawTwo(sample.files, random);
    const changed = new Map([
      [one, sample.files.get(another)!],
      [another, sample.files.get(one)!],
    ]);
    return { sample, changed, what: "files swapped", details: `${one} and ${another}` };
  }
  const damaged = swaps
    ? await swapEntries(bytes, random, other.get("")!)
    : damageBytes(bytes, random, other.get(name) ?? Buffer.from("another"));
  const { what, details } = damaged;
  const harmless = whyHarmless(world, sample, bytes, damaged.bytes);
  return { sample, changed: new Map([[name, damaged.bytes]]), what, details: `${name} ${details}`, harmless };
}

function whyHarmless(world: World, { kind }: SampleArchive, sound: Buffer, changed: Buffer): string | undefined {
  const layout = world.layouts.get(kind);
  return layout === undefined ? undefined : harmlessChange(layout, sound, changed, kind !== "nextgisweb");
}

const pathOf = ({ path }: SampleArchive, name: string): string => (name === "" ? path : join(path, name));

/** Whether the header of an encrypted archive was damaged: the stanza of a key that is damaged looks like another's. */
function isForOthers({ kind, files }: SampleArchive, changed: DamagedArchive["changed"]): boolean {
  if (kind !== "encrypted") return false;
  const [sound, damaged] = [files.get("")!, changed.get("")!];
  const headerBytes = sound.indexOf("\n--- ");
  return !damaged.subarray(0, headerBytes).equals(sound.subarray(0, headerBytes));
}

/** Has a share of the cases restored, which must refuse with the same exit code and leave everything as it was. */
async function mustRefuseRestore(
  world: World,
  { kind, path, readArgs }: SampleArchive,
  { seed, random }: CaseDraw,
  exitCode: number,
): Promise<void> {
  // No divisor in common with the turns of what is done to an archive.
  const share = seed % 77;
  if (share % 11 !== 0) return;
  const { instance } = world.samples;
  const flags = share === 0 ? ["--in-place", "--keep-previous", random.oneOf(["0", "1h"])] : ["--dry-run"];
  const restored = await runCli(["restore", ...instance.config, ...flags, ...readArgs, path]);
  const shown = [kind, `exit code ${restored.exitCode}`, restored.stdout, restored.stderr];
  mustHold(restored.exitCode === exitCode, `a restore ${flags[0]} refuses what verify finds damaged`, ...shown);
  mustBePrintable(restored.stdout + restored.stderr, "what restore prints");
  const after = await instanceState(instance);
  mustHold(after === world.before, "a restore that refuses leaves no file, schema or setting", world.before, after);
  if (share !== 0) return;
  const differing = differences(world.fingerprint, await instance.fingerprint());
  mustHold(differing.length === 0, "a restore that refuses leaves the instance as it was", ...differing.slice(0, 5));
}
