import { Type } from "typebox";
import { cancelRun } from "../../operations/runs/cancel-run.ts";
import { lookBack } from "../../operations/runs/look-back.ts";
import { RunKind, RunState } from "../api/common.ts";
import { NewRun, RunDetail, RunPage, StartedRun } from "../api/runs.ts";
import type { DataParts } from "../data-parts.ts";
import { runDetail, runRow } from "../events/run-rows.ts";
import { startFromPage } from "../start-from-page.ts";
import { notFound } from "../web-error.ts";
import type { WebApp } from "../web-service.ts";

const usualLimit = 50;

/** The number of a run in a path. */
export const runParams = Type.Object({ id: Type.Integer({ minimum: 1 }) });

/** The history, and what is started and stopped. */
export function runRoutes(parts: DataParts): (app: WebApp) => void {
  const { service } = parts;
  const { context } = service;
  // A second signal would end a run at once, with nothing put back.
  const cancelled = new Set<number>();
  return (app) => {
    app.get(
      "/api/runs",
      {
        config: { role: "viewer" },
        schema: {
          summary: "Runs, newest first",
          querystring: Type.Object({
            kind: Type.Optional(RunKind),
            state: Type.Optional(RunState),
            before: Type.Optional(Type.Integer({ minimum: 1 })),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
          }),
          response: { 200: RunPage },
        },
      },
      async ({ query: { kind, state, before, limit = usualLimit } }) => {
        const { runs: settings } = await service.settings();
        const found = await lookBack(settings, context.now(), async (look) => {
          const filter = { kind, before, limit: limit + 1, ...(state === undefined ? {} : { states: [state] }) };
          return await Promise.all(
            look
              .runs(filter)
              .map(async (run) => runRow(run, run.state === "running" ? (await look.news(run)).progress : undefined)),
          );
        });
        const runs = found ?? [];
        return { runs: runs.slice(0, limit), hasMore: runs.length > limit };
      },
    );
    app.get(
      "/api/runs/:id",
      {
        config: { role: "viewer" },
        schema: { summary: "A run with its stages and its log", params: runParams, response: { 200: RunDetail } },
      },
      async ({ params: { id } }) => {
        const detail = await readDetail(parts, id);
        if (detail === undefined) throw notFound(`run ${id}`);
        return detail;
      },
    );
    app.post(
      "/api/runs",
      {
        config: { role: "operator" },
        schema: { summary: "Start a run in a process of its own", body: NewRun, response: { 202: StartedRun } },
      },
      async (request, reply) => {
        const runId = await startFromPage(request, request.body, parts);
        void reply.code(202);
        return { runId };
      },
    );
    app.post(
      "/api/runs/:id/cancel",
      {
        config: { role: "operator" },
        schema: { summary: "Stop a run, as Ctrl-C does", params: runParams, response: { 202: StartedRun } },
      },
      async (request, reply) => {
        const { id } = request.params;
        if (!cancelled.has(id)) {
          const settings = await service.settings();
          service.audit(request, { action: "cancel-run", runId: id });
          cancelled.add(id);
          const isKnown = await cancelRun(id, settings, context.now()).catch((error: unknown) => {
            cancelled.delete(id);
            throw error;
          });
          if (!isKnown) {
            // A run of that number may come yet.
            cancelled.delete(id);
            throw notFound(`run ${id}`);
          }
        }
        void reply.code(202);
        return { runId: id };
      },
    );
  };
}

/** A run with all that it has told until now; undefined when there is no such run. */
export async function readDetail({ service }: DataParts, id: number): Promise<RunDetail | undefined> {
  const { runs: settings } = await service.settings();
  return await lookBack(settings, service.context.now(), async (look) => {
    const run = look.run(id);
    return run === undefined ? undefined : runDetail(run, await look.news(run));
  });
}
