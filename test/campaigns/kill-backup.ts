import { openSync, closeSync, readdirSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { type ProgramEnd, startProgram } from "../fixtures/run-program.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";
import type { ArchivePlace } from "./archives/archive-place.ts";
import { type ArchiveForm, type FormSetting, createForm } from "./archives/forms.ts";
import { type Campaign, type CaseDraw, mustHold } from "./campaign.ts";
import { terminateOneSession } from "./terminate-session.ts";
import { mustHoldNoLock } from "./two-states.ts";

type Target = "file" | "folder" | "stdout";

interface World {
  instance: TestInstance;
  /** Another one, whose backups go to the same folder and must not be disturbed. */
  neighbour: TestInstance;
  form: FormSetting;
  /** Where archives go. */
  place: ArchivePlace;
  /** What to name of an earlier archive, for archives that refer to one. */
  baseArgs: readonly string[];
  /** For what stdout gives. */
  folder: string;
  targets: readonly Target[];
  wholeMs: Record<Target, number>;
}

/** Only a plain archive can be a folder, and only a file of this machine, or stdout, is of interest for itself. */
function targetsOf(form: ArchiveForm): readonly Target[] {
  return form === "plain" ? ["file", "folder", "stdout"] : form === "s3" ? ["file"] : ["file", "stdout"];
}

/** Ends backups at random moments, and looks at what stands under the final name, and at what the next run leaves. */
export const killBackup: Campaign<World> = {
  name: "kill-backup",
  about: "ends a backup to a file, a folder or stdout, its pg_dump or a session of its at a random moment",
  shortCount: 12,
  fullCount: 1000,
  hasForms: true,
  async prepare({ cluster, form: name = "plain", note }) {
    const form = await createForm(name);
    const { extraConfig } = form;
    const instance = await createTestInstance({ cluster, extraConfig });
    const neighbour = await createTestInstance({ cluster, extraConfig });
    for (const { database, sdir } of [instance, neighbour]) {
      await createInstance({ settings: database.settings, sdir, scale: tinyScale });
    }
    const folder = join(instance.folder, "archives");
    await mkdir(folder);
    const place = form.place(folder);
    const baseArgs = name === "incremental" ? ["--base", await form.backup(instance)] : [];
    const targets = targetsOf(name);
    const wholeMs = { file: 0, folder: 0, stdout: 0 };
    const world: World = { instance, neighbour, form, place, baseArgs, folder, targets, wholeMs };
    for (const target of targets) {
      const end = await startBackup(world, target, "whole").ended;
      mustHold(end.exitCode === 0, `an undisturbed backup to a ${target} succeeds`, end.stderr);
      world.wholeMs[target] = end.durationMs;
      note(`a whole backup to a ${target} takes ${Math.round(end.durationMs)} ms`);
      await removeTarget(world, target, "whole");
    }
    return {
      world,
      async close() {
        await instance.drop();
        await neighbour.drop();
        await form.close();
      },
    };
  },
  async runCase(world, draw) {
    const { random } = draw;
    const target = world.targets[draw.seed % world.targets.length] as Target;
    const hit = random.oneOf(["program", "program", "program", "session", "pg_dump"] as const);
    const name = `case-${draw.seed}`;
    const withLinks = random.below(3) === 0;
    const { child, ended } = startBackup(world, target, name, withLinks);
    const moment = sleep(random.fraction() * world.wholeMs[target] * 1.05);
    let end = await Promise.race([ended, moment]);
    if (end === undefined) {
      if (hit === "program") child.kill("SIGKILL");
      else if (hit === "session") await terminateOneSession(world.instance.database, random);
      else await killChildren(child.pid as number);
      end = await ended;
    }
    if (end.exitCode === 0) world.wholeMs[target] = end.durationMs;
    const outcome = await whatStands(world, target, name, end);
    const hasNeighbour = random.below(8) === 0;
    await nextRun(world, hasNeighbour, draw);
    await removeTarget(world, target, name);
    return `${target}: ${outcome} after ${end.exitCode === 0 ? "its end" : `${hit} killed`}`;
  },
};

function startBackup(
  { instance, place, baseArgs, folder }: World,
  target: Target,
  name: string,
  withLinks = false,
): ReturnType<typeof startProgram> {
  const command = ["backup", ...instance.config, ...baseArgs];
  // With so few open files all that is pinned is pinned by links.
  const options = withLinks ? { openFiles: 250 } : {};
  if (target === "file") return startProgram([...command, place.locate(name)], options);
  if (target === "folder") return startProgram([...command, "--no-zip", place.locate(name)], options);
  const stdoutFd = openSync(join(folder, name), "wx");
  try {
    return startProgram([...command, "-"], { ...options, stdoutFd });
  } finally {
    closeSync(stdoutFd);
  }
}

async function removeTarget({ place, folder }: World, target: Target, name: string): Promise<void> {
  if (target === "stdout") await rm(join(folder, name), { force: true });
  else await place.remove(name);
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
async function whatStands(world: World, target: Target, name: string, end: ProgramEnd): Promise<string> {
  const { instance, place, folder } = world;
  // Whoever reads stdout has the exit code and the archive's own end to go by.
  const isThere = target === "stdout" ? end.exitCode === 0 : await place.isThere(name);
  if (end.exitCode === 0) mustHold(isThere, `a backup to a ${target} that ends with 0 leaves an archive`);
  if (target !== "stdout" && !isThere) return "nothing";
  const from = target === "stdout" ? join(folder, name) : place.locate(name);
  // What it refers to stands in another folder.
  const verified = await runCli(["verify", ...instance.config, from], { env: basePath(world) });
  if (isThere)
    mustHold(verified.exitCode === 0, `what stands under the final name is sound`, verified.stdout, end.stderr);
  else mustHold([0, 5].includes(verified.exitCode), `verify tells what stdout got`, verified.stdout, verified.stderr);
  return verified.exitCode === 0 ? "archive" : "nothing whole";
}

function basePath({ instance, form }: World): Record<string, string> {
  return form.form === "incremental" ? { NEXTGISWEB__NGWBACKUP__BASE__PATH: instance.folder } : {};
}

/** The next run clears what the dead one left, and nothing of a live one's. */
async function nextRun(world: World, hasNeighbour: boolean, { seed }: CaseDraw): Promise<void> {
  const { instance, neighbour, place } = world;
  const neighbourName = `neighbour-${seed}`;
  const neighbourPath = place.locate(neighbourName);
  const live = hasNeighbour
    ? startProgram(["backup", ...neighbour.config, "--write-rate", "250000", neighbourPath])
    : undefined;
  if (live !== undefined) await untilUnfinished(place, `.${neighbourName}`, live.ended);
  const next = await runCli(["backup", ...instance.config, place.locate(`next-${seed}`)]);
  mustHold(next.exitCode === 0, "the next backup works", next.stderr);
  const left = (await place.unfinished()).filter((name) => !name.startsWith(`.${neighbourName}`));
  mustHold(left.length === 0, "the next backup clears what a dead one left", ...left);
  mustHold(!readdirSync(instance.sdir).includes("ngwbackup"), "no link and no work folder is left");
  await mustHoldNoLock(instance, "after the next backup");
  await place.remove(`next-${seed}`);
  if (live === undefined) return;
  const end = await live.ended;
  mustHold(end.exitCode === 0, "the backup of another instance into the same folder is not disturbed", end.stderr);
  const verified = await runCli(["verify", ...neighbour.config, neighbourPath]);
  mustHold(verified.exitCode === 0, "the other instance's archive is sound", verified.stdout);
  await place.remove(neighbourName);
}

async function untilUnfinished(place: ArchivePlace, start: string, ended: Promise<ProgramEnd>): Promise<void> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!isOver) {
    if ((await place.unfinished()).some((name) => name.startsWith(start))) return;
    await sleep(20);
  }
}
