import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ExitCode } from "../../../src/errors.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { mustHold } from "../campaign.ts";
import { mustHoldNoLock } from "../two-states.ts";
import { mustEndWell } from "./clear-error.ts";
import type { DisturbedCommand } from "./commands.ts";
import { type DisturbedRun, describeDisturbance } from "./disturbed-run.ts";
import type { IoWorld } from "./world.ts";

/** What an archive says of itself that must not depend on what failed. */
interface Summary {
  tables: number;
  rows: number;
  components: unknown;
  losses: readonly string[];
}

/** A backup of an instance at rest. */
export function disturbBackup(form: "file" | "folder"): DisturbedCommand {
  let whole: Omit<Summary, "losses"> | undefined;
  const argsOf = ({ source }: IoWorld, path: string): string[] => [
    "backup",
    ...source.config,
    ...(form === "folder" ? ["--no-zip"] : []),
    path,
  ];
  return {
    name: `backup to a ${form}`,
    family: `backup to a ${form}`,
    async prepare(world) {
      const { source, archives, folder } = world;
      if (whole === undefined) {
        const path = join(archives, "whole");
        const backup = await runCli(argsOf(world, path));
        mustHold(backup.exitCode === 0, "an undisturbed backup succeeds", backup.stderr);
        ({ ...whole } = (await inspect(path)).facts);
        await rm(path, { recursive: true });
      }
      await rm(join(archives, "archive"), { recursive: true, force: true });
      const roots = { archives, instance: source.folder };
      return { args: argsOf(world, join(archives, "archive")), roots, log: join(folder, "calls") };
    },
    async settle(world, run) {
      const { archives, source } = world;
      mustEndWell(run, [ExitCode.failed, ExitCode.usage, ExitCode.losses, ExitCode.refused]);
      const path = join(archives, "archive");
      const said = [describeDisturbance(run), run.end.stdout, run.end.stderr];
      const isComplete = [ExitCode.done, ExitCode.losses].some((code) => code === run.end.exitCode);
      mustHold(existsSync(path) || !isComplete, "a backup that ends with 0 or 3 leaves an archive", ...said);
      if (existsSync(path)) await mustBeSound(path, run, whole!);
      const isTidied = run.call.kind !== "remove";
      if (isTidied) mustHoldNothing(world, run, "after a run");
      const next = await runCli(argsOf(world, join(archives, "next")));
      mustHold(next.exitCode === 0, "the next backup works", ...said, next.stderr);
      await rm(join(archives, "next"), { recursive: true });
      await rm(path, { recursive: true, force: true });
      mustHoldNothing(world, run, "after the next backup");
      await mustHoldNoLock(source, "after the next backup");
      return run.end.exitCode === 0 ? "whole" : run.end.exitCode === ExitCode.losses ? "losses named" : "none";
    },
  };
}

/** Verify accepts it, and it holds everything, or names what it does not hold and ended with 3. */
async function mustBeSound(path: string, run: DisturbedRun, whole: Omit<Summary, "losses">): Promise<void> {
  const said = [describeDisturbance(run), run.end.stderr];
  const verified = await runCli(["verify", path]);
  mustHold(verified.exitCode === 0, "what stands under the final name is sound", verified.stdout, ...said);
  const { facts, losses } = await inspect(path);
  mustHold(
    losses.length > 0 === (run.end.exitCode === ExitCode.losses),
    "losses are told by exit code 3",
    ...losses,
    ...said,
  );
  if (losses.length > 0) return;
  const [expected, found] = [whole, facts].map((one) => JSON.stringify(one));
  mustHold(
    expected === found,
    "an archive without losses holds everything",
    `expected ${expected}`,
    `found ${found}`,
    ...said,
  );
}

async function inspect(path: string): Promise<{ facts: Omit<Summary, "losses">; losses: readonly string[] }> {
  const inspected = await runCli(["inspect", "--json", path]);
  mustHold(inspected.exitCode === 0, "an archive can be inspected", inspected.stdout, inspected.stderr);
  const { tables, rows, components, losses } = JSON.parse(inspected.stdout.trim().split("\n").at(-1)!) as Summary;
  return { facts: { tables, rows, components }, losses };
}

/** Nothing hidden in the folder of archives, no pins or work folder beside the storage; the history of runs stays there. */
function mustHoldNothing({ archives, source }: IoWorld, run: DisturbedRun, when: string): void {
  const left = readdirSync(archives).filter((name) => name !== "archive");
  const beside = readdirSync(source.sdir).filter((name) => name.includes("ngwbackup") && name !== ".ngwbackup");
  const said = [describeDisturbance(run), run.end.stderr];
  mustHold(left.length + beside.length === 0, `${when}: nothing is left`, ...left, ...beside, ...said);
}
