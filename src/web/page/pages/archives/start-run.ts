import type { NewRun, StartedRun } from "../../../api/runs.ts";
import { request } from "../../data/request.ts";
import { invalidate } from "../../data/resource.ts";
import { go } from "../../router/location.ts";
import { runPath } from "../../router/routes.ts";

/** Starts a run and goes to it. @throws ApiFailure with which it ended before it began */
export async function startRun(run: NewRun): Promise<void> {
  const { runId } = await request<StartedRun>("POST", "api/runs", run);
  invalidate("api/runs", "api/overview");
  go(runPath(runId));
}
