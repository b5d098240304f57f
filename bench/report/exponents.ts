import { formatTable } from "../../src/terminal/table.ts";
import type { Workload } from "../workloads.ts";
import type { Summary } from "./statistics.ts";

/** How a time of ours grows with ten times as much of the same. */
export interface Exponent {
  workload: string;
  job: string;
  contestant: string;
  /** 1: ten times as long, which is linear; below 1: less than that. */
  exponent: number;
}

/** Compares times of workloads with those that hold a tenth of the same. */
export function findExponents(summaries: readonly Summary[], workloads: readonly Workload[]): Exponent[] {
  return workloads.flatMap(({ name, tenthOf }) =>
    summaries
      .filter((summary) => summary.workload === name && tenthOf !== undefined)
      .flatMap(({ job, contestant, cores, wallMs }) => {
        const whole = summaries.find(
          (other) =>
            other.workload === tenthOf && other.job === job && other.contestant === contestant && other.cores === cores,
        );
        if (whole === undefined) return [];
        return [{ workload: whole.workload, job, contestant, exponent: Math.log10(whole.wallMs / wallMs) }];
      }),
  );
}

/** The exponents for people; empty when there are none. */
export function formatExponents(exponents: readonly Exponent[]): string {
  if (exponents.length === 0) return "";
  return formatTable(
    [{ title: "ten times as much" }, { title: "" }, { title: "" }, { title: "exponent", align: "right" }],
    exponents.map(({ workload, job, contestant, exponent }) => [workload, job, contestant, exponent.toFixed(2)]),
  );
}
