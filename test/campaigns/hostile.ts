import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { instanceState } from "./archives/instance-state.ts";
import { mustBePrintable } from "./archives/printed.ts";
import { type Samples, createSamples } from "./archives/sample-archives.ts";
import { type Campaign, mustHold } from "./campaign.ts";
import { bombCases } from "./hostile/bombs.ts";
import { folderCases } from "./hostile/folders.ts";
import { type Parts, copyParts, takeApart } from "./hostile/forge.ts";
import type { HostileCase } from "./hostile/hostile-case.ts";
import { indexCases } from "./hostile/indexes.ts";
import { manifestCases } from "./hostile/manifests.ts";
import { runMeasured } from "./hostile/measured-program.ts";
import { nameCases } from "./hostile/names.ts";
import { tocCases } from "./hostile/tocs.ts";
import { headerCases } from "./hostile/zip-headers.ts";

interface World {
  samples: Samples;
  parts: Parts;
  fingerprint: Fingerprint;
  before: string;
  /** Where cases put their archives. */
  folder: string;
}

const light: readonly HostileCase[] = [
  ...nameCases,
  ...headerCases,
  ...manifestCases,
  ...tocCases,
  ...indexCases,
  ...folderCases,
];

/** What an archive is given to besides verify. */
const readers = ["inspect", "list", "restore --dry-run", "restore", "restore --no-verify"] as const;

/** Gives every command archives that somebody made to do harm. */
export const hostile: Campaign<World> = {
  name: "hostile",
  about: "has archives that were made to do harm verified, inspected, listed and restored",
  shortCount: 70,
  async prepare(setting) {
    const samples = await createSamples(setting.cluster, "hostile");
    const { instance, archives } = samples;
    const parts = await takeApart(archives.zstd.files.get("")!);
    const folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-hostile-"));
    setting.note(`${light.length} archives and ${bombCases.length} bombs; ${readers.length} commands besides verify`);
    const first = await runCli([
      "restore",
      ...instance.config,
      "--in-place",
      "--keep-previous",
      "0",
      archives.zstd.path,
    ]);
    mustHold(first.exitCode === 0, "the archive that cases change is restored", first.stderr);
    const world: World = {
      samples,
      parts,
      fingerprint: afterRestore(await instance.fingerprint()),
      before: "",
      folder,
    };
    world.before = await instanceState(instance);
    return {
      world,
      async close() {
        await samples.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
  allCases: () => light.length * readers.length + bombCases.length,
  async runCase(world, draw) {
    const { hostileCase, reader } = caseOf(draw.seed);
    const folder = join(world.folder, `case-${draw.seed}`);
    await mkdir(folder);
    const path = join(folder, "evil.ngwbackup");
    try {
      const bytes = await hostileCase.build(copyParts(world.parts), path, draw.random);
      if (bytes !== undefined) await writeFile(path, bytes);
      const verified =
        hostileCase.mostMb === undefined ? await verifyHere(hostileCase, path) : await verifyApart(hostileCase, path);
      if (reader !== undefined) await readOtherwise(world, hostileCase, path, verified, reader);
      return verified === 0 ? "sound, though strange" : verified === 4 ? "of a version to come" : "damaged";
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/**
 * Each archive with each command, and then the bombs, which show with one command what they can do with all. Neighbours are
 * much the same: a few cases in a row come from everywhere.
 */
function caseOf(seed: number): { hostileCase: HostileCase; reader: (typeof readers)[number] | undefined } {
  const turn = seed % (light.length * readers.length + bombCases.length);
  const bomb = bombCases[turn - light.length * readers.length];
  if (bomb !== undefined) return { hostileCase: bomb, reader: undefined };
  const index = (turn * 61) % light.length;
  const reader = readers[(index + Math.floor(turn / light.length)) % readers.length];
  return { hostileCase: light[index]!, reader };
}

async function verifyHere(hostileCase: HostileCase, path: string): Promise<number> {
  const result = await runCli(["verify", path]);
  mustBeClear(hostileCase, "verify", result, hostileCase.exitCodes ?? [5]);
  return result.exitCode;
}

/** By a process of its own, within bounds of memory. */
async function verifyApart(hostileCase: HostileCase, path: string): Promise<number> {
  const { mostMb = Infinity, exitCodes = [5] } = hostileCase;
  const { end, mostResidentMb } = await runMeasured(["verify", path]);
  const exitCode = end.exitCode ?? -1;
  mustBeClear(hostileCase, "verify", { ...end, exitCode }, exitCodes);
  mustHold(
    mostResidentMb > 0 && mostResidentMb <= mostMb,
    `${hostileCase.name}: verify takes at most ${mostMb} MB`,
    `${mostResidentMb} MB`,
  );
  return exitCode;
}

function mustBeClear(
  { name, says }: HostileCase,
  command: string,
  { exitCode, stdout, stderr }: Pick<CliResult, "exitCode" | "stdout" | "stderr">,
  exitCodes: readonly number[],
): void {
  const shown = [`exit code ${exitCode}`, stdout.slice(0, 2000), stderr.slice(0, 4000)];
  mustHold(!stderr.includes("unexpected:"), `${name}: ${command} meets no defect`, ...shown);
  mustHold(exitCodes.includes(exitCode), `${name}: ${command} ends with ${exitCodes.join(" or ")}`, ...shown);
  mustBePrintable(stdout + stderr, `${name}: what ${command} prints`);
  if (exitCode !== 0) mustHold(stdout + stderr !== "", `${name}: ${command} says what is wrong`);
  if (command === "verify" && says !== undefined) mustHold(says.test(stdout), `${name}: verify says ${says}`, ...shown);
}

async function readOtherwise(
  world: World,
  hostileCase: HostileCase,
  path: string,
  verified: number,
  reader: (typeof readers)[number],
): Promise<void> {
  const { config } = world.samples.instance;
  if (reader === "inspect") {
    mustBeClear(hostileCase, reader, await runCli(["inspect", path]), verified === 0 ? [0] : [0, 4, 5]);
    return;
  }
  if (reader === "list") {
    mustBeClear(hostileCase, reader, await runCli(["list", join(path, "..")]), [0]);
    return;
  }
  const flags = reader.split(" ").slice(1);
  const result = await runCli(["restore", ...config, "--in-place", "--keep-previous", "0", ...flags, path]);
  const mayBegin = verified === 0 || reader === "restore --no-verify" || hostileCase.fitsDigests === true;
  const refused = mayBegin ? [0, 1, 4, 5] : [4, 5];
  mustBeClear(hostileCase, reader, result, refused);
  mustHold(!existsSync("/tmp/ngwbackup-evil"), `${hostileCase.name}: nothing is written where the archive wants it`);
  if (result.exitCode === 0 && reader !== "restore --dry-run") await bringBack(world, hostileCase);
  await mustBeAsBefore(world, hostileCase, reader);
}

/** An archive that says all is well and is restored may hold anything in its tables, but the next one is restored as ever. */
async function bringBack({ samples }: World, { name }: HostileCase): Promise<void> {
  const { config } = samples.instance;
  const back = await runCli(["restore", ...config, "--in-place", "--keep-previous", "0", samples.archives.zstd.path]);
  mustHold(back.exitCode === 0, `${name}: the sound archive is restored afterwards`, back.stderr);
}

async function mustBeAsBefore(
  { samples, before, fingerprint }: World,
  { name }: HostileCase,
  reader: string,
): Promise<void> {
  const { instance } = samples;
  const after = await instanceState(instance);
  const lines = new Set(before.split("\n"));
  const more = after.split("\n").filter((line) => !lines.has(line));
  mustHold(after === before, `${name}: ${reader} leaves no file, schema or setting changed`, ...more.slice(0, 10));
  const differing = differences(fingerprint, await instance.fingerprint());
  mustHold(differing.length === 0, `${name}: ${reader} leaves the instance as it was`, ...differing.slice(0, 5));
}
