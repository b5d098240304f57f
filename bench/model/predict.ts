import { median } from "../report/statistics.ts";
import type { StageCost } from "./trace-stages.ts";

/** A stage measured on one core and on two. */
export interface MeasuredStage {
  stage: string;
  one: StageCost;
  two: StageCost;
}

/** What a stage would take on some cores, and what keeps it from being faster. */
export interface Prediction {
  stage: string;
  wallMs: number;
  limit: string;
}

/** How many of our threads, and of our connections, a stage keeps busy on so many cores. */
export interface Widths {
  threads(stage: string, cores: number): number;
  connections(cores: number): number;
}

/** As the program chooses them when it is not told: `--jobs` in `src/commands/`, threads in `operations/` and `bin/`. */
export const ownWidths: Widths = {
  threads: (stage, cores) => (stage === "blobs" ? Math.min(4, Math.max(2, cores)) : Math.max(2, cores)),
  connections: (cores) => Math.max(2, Math.min(8, cores)),
};

/**
 * The model: a stage has a serial part, which does not shrink (one thing after another, round trips, waiting for disks),
 * and a parallel one, by Amdahl's law from what it took on one core and on two. The parallel part's work stands in four
 * places: our main thread and programs that we start, one at a time; our other threads and the server's processes, as wide
 * as we make them. It takes as long as the busiest of them, and no less than all of it takes on as many cores as there are.
 */
export function predictStage(measured: MeasuredStage, cores: number, widths: Widths = ownWidths): Prediction {
  const { serialMs, parallelMs } = amdahl(measured);
  const busiest = limitsOf(measured, parallelMs, cores, widths).reduce((most, one) => (one.ms > most.ms ? one : most));
  const limit = serialMs > busiest.ms ? "serial" : busiest.limit;
  return { stage: measured.stage, wallMs: serialMs + busiest.ms, limit };
}

/** What one core takes is serial + parallel, what two take is serial + parallel / 2; neither part is negative. */
function amdahl({ one, two }: MeasuredStage): { serialMs: number; parallelMs: number } {
  if (one.wallMs <= two.wallMs) return { serialMs: (one.wallMs + two.wallMs) / 2, parallelMs: 0 };
  if (one.wallMs >= 2 * two.wallMs) return { serialMs: 0, parallelMs: (one.wallMs + 2 * two.wallMs) / 2 };
  return { serialMs: 2 * two.wallMs - one.wallMs, parallelMs: 2 * (one.wallMs - two.wallMs) };
}

/** The sum of all stages, and the stage that takes most of it. */
export function predictJob(
  stages: readonly MeasuredStage[],
  cores: number,
  widths: Widths = ownWidths,
): { wallMs: number; longest: Prediction | undefined } {
  const predictions = stages.map((stage) => predictStage(stage, cores, widths));
  const wallMs = predictions.reduce((sum, { wallMs: ms }) => sum + ms, 0);
  return { wallMs, longest: predictions.toSorted((left, right) => right.wallMs - left.wallMs)[0] };
}

/**
 * Joins traces of several rounds on one core and on two: the median of everything, for the stages that all rounds had.
 * @param one rounds on one core, at least one
 * @param two rounds on two cores
 */
export function joinTraces(one: readonly StageCost[][], two: readonly StageCost[][]): MeasuredStage[] {
  const stages = (two[0] ?? []).map(({ stage }) => stage);
  const find = (rounds: readonly StageCost[][], stage: string): StageCost[] =>
    rounds.flatMap((round) => round.filter((cost) => cost.stage === stage));
  return stages
    .filter((stage) => find(one, stage).length === one.length && find(two, stage).length === two.length)
    .map((stage) => ({ stage, one: medianCost(find(one, stage)), two: medianCost(find(two, stage)) }));
}

function medianCost(costs: readonly StageCost[]): StageCost {
  const of = (pick: (cost: StageCost) => number): number => median(costs.map(pick));
  return {
    stage: costs[0]?.stage ?? "",
    wallMs: of((cost) => cost.wallMs),
    mainCpuMs: of((cost) => cost.mainCpuMs),
    threadsCpuMs: of((cost) => cost.threadsCpuMs),
    programsCpuMs: of((cost) => cost.programsCpuMs),
    serverCpuMs: of((cost) => cost.serverCpuMs),
  };
}

interface Limit {
  limit: string;
  ms: number;
}

/** How long each place has to do with its share of the parallel part; never empty. */
function limitsOf({ stage, two }: MeasuredStage, parallelMs: number, cores: number, widths: Widths): Limit[] {
  const { mainCpuMs, threadsCpuMs, programsCpuMs, serverCpuMs } = two;
  const allMs = mainCpuMs + threadsCpuMs + programsCpuMs + serverCpuMs;
  const share = (cpuMs: number): number => (allMs === 0 ? 0 : (parallelMs * cpuMs) / allMs);
  return [
    { limit: "cores", ms: parallelMs / cores },
    { limit: "main thread", ms: share(mainCpuMs) },
    { limit: "programs", ms: share(programsCpuMs) },
    { limit: "threads", ms: share(threadsCpuMs) / widths.threads(stage, cores) },
    { limit: "connections", ms: share(serverCpuMs) / widths.connections(cores) },
  ];
}
