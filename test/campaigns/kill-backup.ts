import { existsSync, openSync, closeSync, readdirSync } from "node:fs";
import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { type ProgramEnd, startProgram } from "../fixtures/run-program.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import { terminateOneSession } from "./terminate-session.ts";
import { mustHoldNoLock } from "./two-states.ts";

type Target = "file" | "folder" | "stdout";

interface World {
  instance: TestInstance;
  /** Another one, whose backups go to the same folder and must not be disturbed. */
  neighbour: TestInstance;
  /** Where archives go. */
  folder: string;
  wholeMs: Record<Target, number>;
}

const targets: readonly Target[] = ["file", "folder", "stdout"];

/** Ends backups at random moments, and looks at what stands under the final name, and at what the next run leaves. */
export const killBackup: Campaign<World> = {
  name: "kill-backup",
  about: "ends a backup to a file, a folder or stdout, its pg_dump or a session of its at a random moment",
  shortCount: 12,
  fullCount: 1000,
  async prepare({ cluster, note }) {
    const [instance, neighbour] = [await createTestInstance({ cluster }), await createTestInstance({ cluster })];
    for (const { database, sdir } of [instance, neighbour]) {
      await createInstance({ settings: database.settings, sdir, scale: tinyScale });
    }
    const folder = join(instance.folder, "archives");
    await mkdir(folder);
    const world: World = { instance, neighbour, folder, wholeMs: { file: 0, folder: 0, stdout: 0 } };
    for (const target of targets) {
      const end = await startBackup(world, target, join(folder, "whole")).ended;
      mustHold(end.exitCode === 0, `an undisturbed backup to a ${target} succeeds`, end.stderr);
      world.wholeMs[target] = end.durationMs;
      note(`a whole backup to a ${target} takes ${Math.round(end.durationMs)} ms`);
      await rm(join(folder, "whole"), { recursive: true });
    }
    return {
      world,
      async close() {
        await instance.drop();
        await neighbour.drop();
      },
    };
  },
  async runCase(world, draw) {
    const { random } = draw;
    const target = targets[draw.seed % 3] as Target;
    const hit = random.oneOf(["program", "program", "program", "session", "pg_dump"] as const);
    const path = join(world.folder, `case-${draw.seed}`);
    const withLinks = random.below(3) === 0;
    const { child, ended } = startBackup(world, target, path, withLinks);
    const moment = sleep(random.fraction() * world.wholeMs[target] * 1.05);
    let end = await Promise.race([ended, moment]);
    if (end === undefined) {
      if (hit === "program") child.kill("SIGKILL");
      else if (hit === "session") await terminateOneSession(world.instance.database, random);
      else await killChildren(child.pid as number);
      end = await ended;
    }
    if (end.exitCode === 0) world.wholeMs[target] = end.durationMs;
    const outcome = await whatStands(target, path, end);
    const hasNeighbour = random.below(8) === 0;
    await nextRun(world, hasNeighbour, draw);
    await rm(path, { recursive: true, force: true });
    return `${target}: ${outcome} after ${end.exitCode === 0 ? "its end" : `${hit} killed`}`;
  },
};

function startBackup(
  { instance }: World,
  target: Target,
  path: string,
  withLinks = false,
): ReturnType<typeof startProgram> {
  // With so few open files all that is pinned is pinned by links.
  const options = withLinks ? { openFiles: 250 } : {};
  if (target === "file") return startProgram(["backup", ...instance.config, path], options);
  if (target === "folder") return startProgram(["backup", ...instance.config, "--no-zip", path], options);
  const stdoutFd = openSync(path, "wx");
  try {
    return startProgram(["backup", ...instance.config, "-"], { ...options, stdoutFd });
  } finally {
    closeSync(stdoutFd);
  }
}

async function killChildren(pid: number): Promise<void> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  for (const child of children.split(" ").filter((text) => text !== "")) {
    try {
      process.kill(Number(child), "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}

/** Under the final name stands nothing, or a sound archive; success means the latter. */
async function whatStands(target: Target, path: string, end: ProgramEnd): Promise<string> {
  // Whoever reads stdout has the exit code and the archive's own end to go by.
  const isThere = target === "stdout" ? end.exitCode === 0 : existsSync(path);
  if (end.exitCode === 0) mustHold(isThere, `a backup to a ${target} that ends with 0 leaves an archive`);
  if (!existsSync(path)) return "nothing";
  const verified = await runCli(["verify", path]);
  if (isThere)
    mustHold(verified.exitCode === 0, `what stands under the final name is sound`, verified.stdout, end.stderr);
  else mustHold([0, 5].includes(verified.exitCode), `verify tells what stdout got`, verified.stdout, verified.stderr);
  return verified.exitCode === 0 ? "archive" : "nothing whole";
}

/** The next run clears what the dead one left, and nothing of a live one's. */
async function nextRun(world: World, hasNeighbour: boolean, { seed }: CaseDraw): Promise<void> {
  const { folder, instance, neighbour } = world;
  const neighbourPath = join(folder, `neighbour-${seed}`);
  const live = hasNeighbour
    ? startProgram(["backup", ...neighbour.config, "--write-rate", "250000", neighbourPath])
    : undefined;
  if (live !== undefined) await untilTemporary(folder, `.neighbour-${seed}.`, live.ended);
  const path = join(folder, `next-${seed}`);
  const next = await runCli(["backup", ...instance.config, path]);
  mustHold(next.exitCode === 0, "the next backup works", next.stderr);
  const left = readdirSync(folder).filter((name) => name.startsWith(".") && !name.startsWith(`.neighbour-${seed}.`));
  mustHold(left.length === 0, "the next backup clears what a dead one left", ...left);
  mustHold(!readdirSync(instance.sdir).includes("ngwbackup"), "no link and no work folder is left");
  await mustHoldNoLock(instance, "after the next backup");
  await rm(path);
  if (live === undefined) return;
  const end = await live.ended;
  mustHold(end.exitCode === 0, "the backup of another instance into the same folder is not disturbed", end.stderr);
  const verified = await runCli(["verify", neighbourPath]);
  mustHold(verified.exitCode === 0, "the other instance's archive is sound", verified.stdout);
  await rm(neighbourPath);
}

async function untilTemporary(folder: string, start: string, ended: Promise<ProgramEnd>): Promise<void> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!isOver) {
    if ((await readdir(folder)).some((name) => name.startsWith(start))) return;
    await sleep(20);
  }
}
