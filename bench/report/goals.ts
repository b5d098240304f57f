import { formatTable } from "../../src/terminal/table.ts";
import type { Job } from "../contestants/registry.ts";
import type { Summary } from "./statistics.ts";

/** A goal and what was found. */
export interface Goal {
  goal: string;
  bound: "at most" | "at least";
  limit: number;
  /** Undefined: what it takes did not run. */
  found: number | undefined;
}

const ours = "ngwbackup";
const again = "ngwbackup --base";
const inPlace = "ngwbackup in place";
const steps = "nextgisweb-steps";
const floor = "floor";

/**
 * Holds what was measured against the goals, of several sets of cores the largest. The reference's are meant for two.
 */
export function judgeGoals(allSummaries: readonly Summary[]): Goal[] {
  const coreCount = Math.max(...allSummaries.map((summary) => summary.coreCount));
  const summaries = allSummaries.filter((summary) => summary.coreCount === coreCount);
  const wall: Figure = (summary) => summary.wallMs;
  const peak: Figure = (summary) => summary.peakMemoryBytes / 1e6;
  const written: Figure = (summary) => summary.diskWrittenBytes + summary.serverDiskWrittenBytes;
  const archive: Figure = (summary) => summary.archiveBytes;
  const coresAtWork: Figure = (summary) => (summary.cpuMs + summary.serverCpuMs) / summary.wallMs;
  const find = (workload: string, job: Job, contestant: string): Summary | undefined =>
    summaries.find((one) => one.workload === workload && one.job === job && one.contestant === contestant);
  const reference = (job: Job, contestant: string): Summary | undefined => find("reference", job, contestant);
  const atMost = (goal: string, limit: number, found: number | undefined): Goal => ({
    goal,
    bound: "at most",
    limit,
    found,
  });
  const atLeast = (goal: string, limit: number, found: number | undefined): Goal => ({
    ...atMost(goal, limit, found),
    bound: "at least",
  });

  const backup = reference("backup", ours);
  const backupOfSteps = reference("backup", steps);
  const restore = reference("restore", ours);
  const restoreOfSteps = reference("restore", steps);
  const jobs: readonly Job[] = ["backup", "restore", "verify"];
  const ways: readonly (readonly [Job, string])[] = [
    ["backup", ours],
    ["restore", ours],
    ["restore", inPlace],
  ];
  return [
    atMost("backup, to NextGIS Web's steps", 0.35, ratio(wall, backup, backupOfSteps)),
    atMost("backup, to the floor", 1.15, ratio(wall, backup, reference("backup", floor))),
    atMost("restore side by side, to NextGIS Web's steps", 0.35, ratio(wall, restore, restoreOfSteps)),
    atMost("restore side by side, to the floor", 1.2, ratio(wall, restore, reference("restore", floor))),
    atMost("restore in place, to NextGIS Web's steps", 0.4, ratio(wall, reference("restore", inPlace), restoreOfSteps)),
    atMost("bytes written in a backup, to NextGIS Web's steps", 0.25, ratio(written, backup, backupOfSteps)),
    atMost("verify, to the backup of NextGIS Web's steps", 0.1, ratio(wall, reference("verify", ours), backupOfSteps)),
    atMost("archive, to restic's repository", 1, ratio(archive, backup, reference("backup", "restic"))),
    ...jobs.map((job) => atMost(`peak memory of ${job}, MB`, 250, figure(peak, reference(job, ours)))),
    ...jobs.map((job) =>
      atMost(`peak memory of ${job} for twice the data, MB`, 250, figure(peak, find("reference-double", job, ours))),
    ),
    atMost(
      "again: backup --base, to a full one",
      0.35,
      ratio(wall, find("again", "backup", again), find("again", "backup", ours)),
    ),
    atMost(
      "again: archive, to a full one",
      0.05,
      ratio(archive, find("again", "backup", again), find("again", "backup", ours)),
    ),
    ...["layers", "blobs"].flatMap((workload) =>
      ways.map(([job, contestant]) => {
        const other = fastestOther(summaries, workload, job);
        const title = `${workload}: ${job} of ${other?.contestant ?? "others"}, to ${contestant}`;
        return atLeast(title, 2, ratio(wall, other, find(workload, job, contestant)));
      }),
    ),
    ...ways.map(([job, contestant]) =>
      atLeast(`one: cores at work, ${job} of ${contestant}`, 1.5, figure(coresAtWork, find("one", job, contestant))),
    ),
  ];
}

/** Whether a goal is met; undefined when it cannot be told. */
export function isMet({ bound, limit, found }: Goal): boolean | undefined {
  if (found === undefined) return undefined;
  return bound === "at most" ? found <= limit : found >= limit;
}

/** The table of goals for people; those that nothing is known of are left out. */
export function formatGoals(goals: readonly Goal[]): string {
  const known = goals.filter((goal) => goal.found !== undefined);
  if (known.length === 0) return "";
  const rows = known.map((goal) => {
    const digits = goal.limit >= 100 ? 0 : 2;
    const limit = `${goal.bound} ${goal.limit.toFixed(digits)}`;
    return [goal.goal, limit, (goal.found ?? 0).toFixed(digits), isMet(goal) === true ? "met" : "not met"];
  });
  return formatTable([{ title: "goal" }, { title: "" }, { title: "found", align: "right" }, { title: "" }], rows);
}

type Figure = (summary: Summary) => number | undefined;

function figure(of: Figure, summary: Summary | undefined): number | undefined {
  return summary === undefined ? undefined : of(summary);
}

function ratio(of: Figure, one: Summary | undefined, other: Summary | undefined): number | undefined {
  const [above, below] = [figure(of, one), figure(of, other)];
  return above === undefined || below === undefined ? undefined : above / below;
}

function fastestOther(summaries: readonly Summary[], workload: string, job: Job): Summary | undefined {
  return summaries
    .filter((one) => one.workload === workload && one.job === job && ![ours, inPlace, floor].includes(one.contestant))
    .toSorted((left, right) => left.wallMs - right.wallMs)[0];
}
