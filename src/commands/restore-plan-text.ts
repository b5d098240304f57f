import type { RestorePlan } from "../operations/restore/plan.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { formatFindings } from "./findings-text.ts";

/** A restore's plan for people: what replaces what, and every check. Ends with a line end. */
export function formatPlan(plan: RestorePlan): string {
  const rows = plan.rows === undefined ? "" : `, ${formatCount(plan.rows)} rows`;
  const time = plan.snapshotAt === undefined ? "" : ` of ${plan.snapshotAt.slice(0, 19).replace("T", " ")} UTC`;
  return [
    `plan: replace database ${plan.database} ${plan.way === "in-place" ? "in place" : "side by side"}`,
    `  by the archive${time}: ${formatCount(plan.tables)} tables${rows}, ${formatCount(plan.files)} files of ${formatBytes(plan.fileBytes)}`,
    formatFindings(plan.findings),
  ].join("\n");
}
