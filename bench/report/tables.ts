import { formatTable, type Column } from "../../src/terminal/table.ts";
import type { Summary } from "./statistics.ts";

const columns: readonly Column[] = [
  { title: "" },
  { title: "wall s", align: "right" },
  { title: "min-max", align: "right" },
  { title: "to ours", align: "right" },
  { title: "CPU s", align: "right" },
  { title: "server s", align: "right" },
  { title: "peak MB", align: "right" },
  { title: "read MB", align: "right" },
  { title: "written MB", align: "right" },
  { title: "server MB", align: "right" },
  { title: "archive MB", align: "right" },
];

/** A table a workload, job and set of cores, each under its heading. */
export function formatSummaries(summaries: readonly Summary[], ours: string): string {
  const groups = Map.groupBy(summaries, headingOf);
  return [...groups]
    .map(([heading, group]) => {
      const own = group.find((summary) => summary.contestant === ours);
      return `${heading}\n${formatTable(
        columns,
        group.map((summary) => cells(summary, own)),
      )}`;
    })
    .join("\n");
}

function headingOf({ workload, job, cores, rounds }: Summary): string {
  const where = cores === undefined ? "" : `, cores ${cores}`;
  return `${workload}: ${job}${where} (median of ${rounds})`;
}

function cells(summary: Summary, own: Summary | undefined): string[] {
  const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(2);
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
  return [
    summary.contestant,
    seconds(summary.wallMs),
    `${seconds(summary.wallMinMs)}-${seconds(summary.wallMaxMs)}`,
    own === undefined ? "" : (summary.wallMs / own.wallMs).toFixed(2),
    seconds(summary.cpuMs),
    seconds(summary.serverCpuMs),
    megabytes(summary.peakMemoryBytes),
    megabytes(summary.readCallBytes),
    megabytes(summary.diskWrittenBytes),
    megabytes(summary.serverDiskWrittenBytes),
    summary.archiveBytes === undefined ? "" : megabytes(summary.archiveBytes),
  ];
}
