import { formatTable } from "../../src/terminal/table.ts";
import { predictStage } from "./predict.ts";
import type { ModelledJob } from "./run-model.ts";

/** What a job's stages took and would take, for people: measured on one and two cores, modelled for all. */
export function formatModel({ workload, job, stages, predictions }: ModelledJob): string {
  const cores = predictions.map((prediction) => prediction.cores);
  const titles = [
    ["1 core s", "2 cores s", "main s", "threads s", "programs s", "server s"],
    cores.map((count) => `model ${count}`),
  ].flat();
  const rows = stages.map((measured) => {
    const { stage, one, two } = measured;
    const { mainCpuMs, threadsCpuMs, programsCpuMs, serverCpuMs } = two;
    const modelled = cores.map((count) => predictStage(measured, count));
    const milliseconds = [one.wallMs, two.wallMs, mainCpuMs, threadsCpuMs, programsCpuMs, serverCpuMs];
    return [
      stage,
      ...[...milliseconds, ...modelled.map(({ wallMs }) => wallMs)].map(seconds),
      modelled.at(-1)?.limit ?? "",
    ];
  });
  const sum = (pick: (measured: ModelledJob["stages"][number]) => number): string =>
    seconds(stages.reduce((total, measured) => total + pick(measured), 0));
  const last = predictions.at(-1);
  const totals = [
    "all",
    sum(({ one }) => one.wallMs),
    sum(({ two }) => two.wallMs),
    sum(({ two }) => two.mainCpuMs),
    sum(({ two }) => two.threadsCpuMs),
    sum(({ two }) => two.programsCpuMs),
    sum(({ two }) => two.serverCpuMs),
    ...predictions.map(({ wallMs }) => seconds(wallMs)),
    last?.longest === undefined ? "" : `${last.longest.stage}: ${last.longest.limit}`,
  ];
  const columns = [{ title: "" }, ...titles.map((title) => ({ title, align: "right" as const })), { title: "limit" }];
  return `${workload}: ${job}\n${formatTable(columns, [...rows, totals])}\n`;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2);
}
