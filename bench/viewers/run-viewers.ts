import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { formatTable } from "../../src/terminal/table.ts";
import { ngwbackupStep } from "../contestants/ngwbackup.ts";
import { checkpoint, makeSource } from "../instances.ts";
import { describeMachine } from "../machine.ts";
import { measureStep } from "../measure/measure-step.ts";
import type { CommonOptions } from "../options.ts";
import { median } from "../report/statistics.ts";
import { writeResults } from "../results-file.ts";
import { type Surroundings, withServer } from "../surroundings.ts";
import { fullWorkloads, quickWorkloads } from "../workloads.ts";
import { BenchPage, type CrowdSight } from "./page.ts";

/** So many look, each with a stream of all runs and one of the run that is under way. */
const viewers = 200;

/** A backup, and what those saw who looked at it. */
interface Round {
  wallMs: number;
  cpuMs: number;
  /** Processor time of the page's server meanwhile. */
  serverCpuMs: number;
  sight: CrowdSight | undefined;
}

/**
 * Measures what a backup takes while nobody and while many look at the page, by turns, and writes it to a JSON file.
 * @param print takes the table
 */
export async function runViewers(
  options: CommonOptions,
  surroundings: Surroundings,
  print: (text: string) => void,
): Promise<void> {
  const [workload] = options.quick ? quickWorkloads : fullWorkloads;
  if (workload === undefined) return;
  const { env, signal, note } = surroundings;
  await withServer(surroundings, "viewers", async (cluster, folder) => {
    note(`making ${workload.about}`);
    const source = await makeSource(cluster, folder, workload.scale);
    const page = await BenchPage.open(source.place.configPath, folder, { ...env });
    const alone: Round[] = [];
    const watched: Round[] = [];
    try {
      const archive = join(folder, "archive.ngwbackup");
      // In the history, where the page finds it.
      const step = ngwbackupStep({ instance: source.place }, ["backup", "--overwrite", archive]);
      const backUp = async (): Promise<Round> => {
        await checkpoint(cluster);
        await promisify(execFile)("sync");
        const beforeMs = await page.cpuMs();
        const usage = await measureStep(step, { cores: undefined, env, signal, logPath: join(folder, "programs.log") });
        return {
          wallMs: usage.wallMs,
          cpuMs: usage.userCpuMs + usage.systemCpuMs,
          serverCpuMs: (await page.cpuMs()) - beforeMs,
          sight: undefined,
        };
      };
      const whileWatched = async (): Promise<Round> => {
        let round: Round | undefined;
        const sight = await page.lookedAtBy(viewers, async () => {
          round = await backUp();
        });
        return { ...round!, sight };
      };
      // The first round is a warm-up, unless it is to be quick.
      for (let round = options.quick ? 1 : 0; round <= options.rounds; round += 1) {
        // Who is first changes, so that neither has a quieter machine by its place.
        const turns = [async () => alone.push(await backUp()), async () => watched.push(await whileWatched())];
        for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
        note(
          `round ${round} of ${options.rounds}: ${seconds(alone.at(-1)!.wallMs)} s, ${seconds(watched.at(-1)!.wallMs)} s`,
        );
        if (round === 0) alone.length = watched.length = 0;
      }
    } finally {
      await page.close();
    }
    const ratio = medianWall(watched) / medianWall(alone);
    print(format(alone, watched, ratio));
    const { name, about } = workload;
    const machine = describeMachine(surroundings.server);
    const startedAt = surroundings.startedAt.toISOString();
    const results = { startedAt, machine, workload: { name, about }, viewers, alone, watched, ratio };
    await writeResults(results, surroundings, options.jsonPath, "viewers-");
  });
}

function medianWall(rounds: readonly Round[]): number {
  return median(rounds.map(({ wallMs }) => wallMs));
}

function format(alone: readonly Round[], watched: readonly Round[], ratio: number): string {
  const row = (name: string, rounds: readonly Round[], toAlone: number): string[] => {
    const walls = rounds.map(({ wallMs }) => wallMs);
    const events = rounds.map(({ sight }) => sight?.events ?? 0);
    return [
      name,
      `${seconds(median(walls))} (${seconds(Math.min(...walls))} to ${seconds(Math.max(...walls))})`,
      toAlone.toFixed(3),
      seconds(median(rounds.map(({ cpuMs }) => cpuMs))),
      seconds(median(rounds.map(({ serverCpuMs }) => serverCpuMs))),
      String(median(events)),
    ];
  };
  return formatTable(
    [
      { title: "viewers" },
      ...["backup s", "to none", "CPU s", "page CPU s", "events"].map((title) => ({ title, align: "right" as const })),
    ],
    [row("none", alone, 1), row(String(viewers), watched, ratio)],
  );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
