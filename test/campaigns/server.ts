import { existsSync, readdirSync } from "node:fs";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCli } from "../fixtures/run-cli.ts";
import { type ProgramEnd, startProgram } from "../fixtures/run-program.ts";
import { type TestCluster, startTestCluster } from "../fixtures/test-cluster.ts";
import { arriveAtOther, foundState, mustClearUp, mustUndo } from "./after-restore.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import { mustEndClearly } from "./clear-end.ts";
import { type Fault, type Repair, type Scene, faults } from "./server/faults.ts";
import { type TwoStates, type Way, createTwoStates, mustBeIn, mustHoldNoLock, mustHoldOneCopy } from "./two-states.ts";

type Operation = "backup" | "restore";

interface World {
  server: TestCluster;
  states: Readonly<Record<Way, TwoStates>>;
  /** How long an undisturbed run took, the latest. */
  wholeMs: Record<Operation, number>;
}

const ways: readonly Way[] = ["side-by-side", "in-place"];
/** Longer than any wait of ours for a lock. */
const patienceMs = 300_000;

/** Has the server, or pg_dump, fail in every way during backups and restores, and looks at what is there afterwards. */
export const server: Campaign<World> = {
  name: "server",
  about:
    "stops, restarts, locks and closes the server, ends sessions, sets timeouts and spoils pg_dump while a run is at work",
  shortCount: 6,
  hasForms: true,
  fullCount: 500,
  async prepare({ form, note }) {
    // What is said to the server tells how many snapshots a backup has taken.
    const own = await startTestCluster(new AbortController().signal, { log_statement: "all" });
    const states: Partial<Record<Way, TwoStates>> = {};
    const close = async (): Promise<void> => {
      for (const way of ways) await states[way]?.close();
      await own.stop();
    };
    try {
      for (const way of ways) states[way] = await createTwoStates(own.address, way, { form });
      const world: World = {
        server: own,
        states: states as Record<Way, TwoStates>,
        wholeMs: { backup: 0, restore: 0 },
      };
      await runUndisturbed(world);
      note(
        `a whole backup takes ${Math.round(world.wholeMs.backup)} ms, a restore ${Math.round(world.wholeMs.restore)}`,
      );
      return { world, close };
    } catch (error) {
      await close();
      throw error;
    }
  },
  async runCase(world, draw) {
    const { random, seed } = draw;
    // Next to each other in the list stand faults that are alike; the short run begins with quick ones.
    const fault = faults[(seed * 7 + 24) % faults.length] as Fault;
    const operation = fault.only ?? random.oneOf(["backup", "restore", "restore"] as const);
    const states = world.states[random.oneOf(ways)];
    const outcome = operation === "backup" ? backupCase : restoreCase;
    return `${operation}, ${fault.name}: ${await outcome(world, states, fault, draw)}`;
  },
};

async function runUndisturbed(world: World): Promise<void> {
  const states = world.states["in-place"];
  const { instance, current } = states;
  const backup = await startProgram(["backup", ...instance.config, join(instance.folder, "whole")]).ended;
  mustHold(backup.exitCode === 0, "an undisturbed backup succeeds", backup.stderr);
  world.wholeMs.backup = backup.durationMs;
  const restore = await startProgram(restoreArgs(states, false, current.archivePath)).ended;
  mustHold(restore.exitCode === 0, "an undisturbed restore succeeds", restore.stderr);
  world.wholeMs.restore = restore.durationMs;
  await rm(join(instance.folder, "whole"));
}

function restoreArgs({ instance, way }: TwoStates, keeps: boolean, archivePath: string): string[] {
  return ["restore", ...instance.config, `--${way}`, "--keep-previous", keeps ? "1h" : "0", archivePath];
}

/** Runs the program with a fault, and puts right what the fault has changed. */
async function disturbed(
  world: World,
  states: TwoStates,
  fault: Fault,
  args: readonly string[],
  operation: Operation,
  { random, seed }: CaseDraw,
): Promise<ProgramEnd> {
  const folder = join(states.instance.folder, `fault-${seed}`);
  await mkdir(folder);
  const env: Record<string, string> = {};
  let pid: number | undefined;
  const scene: Scene = { cluster: world.server.cluster, instance: states.instance, random, folder, pid: () => pid };
  const repairs: Repair[] = [];
  try {
    const before = await fault.before?.(scene, env);
    if (before !== undefined) repairs.push(before);
    const { child, ended } = startProgram(args, { env });
    pid = child.pid;
    void ended.then(() => (pid = undefined));
    const moment = sleep(random.fraction() * world.wholeMs[operation] * 1.05);
    if (fault.during !== undefined && (await Promise.race([ended, moment])) === undefined) {
      const during = await fault.during(scene);
      if (during !== undefined) repairs.push(during);
    }
    const patience = new AbortController();
    const late = sleep(patienceMs, "late" as const, { signal: patience.signal }).catch(() => "late" as const);
    const end = await Promise.race([ended, late]);
    patience.abort();
    if (end === "late") child.kill("SIGKILL");
    // What a moment is a part of; a table that is held makes it no longer.
    if (end !== "late" && end.exitCode === 0 && !fault.name.startsWith("table"))
      world.wholeMs[operation] = end.durationMs;
    mustHold(end !== "late", `the program ends by itself within ${patienceMs / 1000} s`, (await ended).stderr);
    return end;
  } finally {
    for (const repair of repairs.toReversed()) await repair();
    await rm(folder, { recursive: true, force: true });
  }
}

async function backupCase(world: World, states: TwoStates, fault: Fault, draw: CaseDraw): Promise<string> {
  const { instance, current } = states;
  const folder = join(instance.folder, `archives-${draw.seed}`);
  await mkdir(folder);
  const path = join(folder, "archive");
  const from = await logLength(world);
  const end = await disturbed(world, states, fault, ["backup", ...instance.config, "--one-shot", path], "backup", draw);
  mustEndAs(fault, end, [0, 1, 4]);
  const snapshots = await snapshotsSince(world, from);
  const anew = end.stderr.match(/nothing was written yet, so it begins anew/g)?.length ?? 0;
  mustHold(snapshots <= 1 + anew, `a backup takes one snapshot, unless it says so, found ${snapshots}`, end.stderr);
  const isThere = existsSync(path);
  mustHold(
    isThere === (end.exitCode === 0),
    `an archive is there exactly when the backup succeeds: ${isThere}`,
    end.stderr,
  );
  const left = readdirSync(folder).filter((name) => name !== "archive");
  mustHold(left.length === 0, "nothing temporary is left beside the archive", ...left);
  await mustHoldNoLock(instance, "after the backup");
  if (isThere) {
    const verified = await runCli(["verify", path]);
    mustHold(verified.exitCode === 0, "what stands under the final name is sound", verified.stdout, end.stderr);
  }
  await mustClearUp(states, end, draw, false);
  mustBeIn(states, await instance.fingerprint(), [current]);
  if (isThere && draw.random.below(4) === 0) {
    const restored = await runCli(restoreArgs(states, false, path));
    mustHold(restored.exitCode === 0, "the archive can be restored", restored.stderr);
    mustBeIn(states, await instance.fingerprint(), [current]);
  }
  await rm(folder, { recursive: true });
  return isThere ? "an archive" : `none, exit code ${end.exitCode}`;
}

async function restoreCase(world: World, states: TwoStates, fault: Fault, draw: CaseDraw): Promise<string> {
  const keeps = draw.random.below(3) === 0 && !fault.name.startsWith("timeouts");
  const args = restoreArgs(states, keeps, states.other.archivePath);
  const end = await disturbed(world, states, fault, args, "restore", draw);
  mustEndAs(fault, end, [0, 1, 4, 6]);
  await mustClearUp(states, end, draw, keeps);
  const isNew = (await foundState(states, keeps)) === states.other;
  if (end.exitCode === 0) mustHold(isNew, "a restore that ends with 0 gives the new state", end.stderr);
  if (/as it was/.test(end.stderr)) mustHold(!isNew, "an instance that is as it was is the old one", end.stderr);
  if (isNew && end.exitCode !== 0)
    mustHold(/committed|restore is complete/.test(end.stderr), "a failure with the new state says so", end.stderr);
  if (isNew) {
    arriveAtOther(states);
    if (keeps && end.exitCode === 0) await mustUndo(states);
    else if (keeps) await runCli(["restore", ...states.instance.config, "--keep-previous", "0"]);
  }
  await mustHoldOneCopy(states, "at the end");
  return `${isNew ? "new" : "old"}, exit code ${end.exitCode}`;
}

function mustEndAs(fault: Fault, end: ProgramEnd, all: readonly number[]): void {
  mustEndClearly(end, fault.exitCodes ?? all, fault.exitCodes?.includes(143));
  const refuted = fault.refute?.(end);
  mustHold(refuted === undefined, refuted ?? "", end.stderr);
}

async function logLength({ server: { cluster } }: World): Promise<number> {
  return (await stat(cluster.logPath)).size;
}

/** Snapshots that were exported since the log had a length; pg_dump takes the one it is given. */
async function snapshotsSince({ server: { cluster } }: World, from: number): Promise<number> {
  const log = await open(cluster.logPath);
  try {
    const length = (await log.stat()).size - from;
    const { buffer } = await log.read(Buffer.alloc(length), 0, length, from);
    return buffer.toString("latin1").match(/LOG: {2}(?:statement|execute[^:]*): .*pg_export_snapshot/g)?.length ?? 0;
  } finally {
    await log.close();
  }
}
