import { Type } from "typebox";
import { estimateRestore } from "../../operations/plans/estimate-restore.ts";
import type { PlannedRestore } from "../../operations/plans/restore-plans.ts";
import { databaseStates } from "../../operations/restore/database-states.ts";
import { lookBack } from "../../operations/runs/look-back.ts";
import { isUnitLoaded } from "../../operations/schedule/systemctl.ts";
import { silentReporter } from "../../progress.ts";
import { SharedAnswer } from "../../shared-answer.ts";
import { Kept, NewPlan, Plan } from "../api/runs.ts";
import type { DataParts } from "../data-parts.ts";
import { EventStream, formatEvent } from "../events/event-stream.ts";
import { instanceName } from "../instance-name.ts";
import { noContent } from "../no-content.ts";
import { type PlanSurroundings, planRow } from "../plan-rows.ts";
import { archiveOf } from "../start-from-page.ts";
import { notFound } from "../web-error.ts";
import type { WebApp } from "../web-service.ts";

/** What a restore would do, and what an undo would bring back. */
export function planRoutes(parts: DataParts): (app: WebApp) => void {
  const { service, plans } = parts;
  // All pages ask at once when something has changed.
  const kept = new SharedAnswer(async () => await readKept(parts));
  const config = { role: "operator" } as const;
  const params = Type.Object({ id: Type.String() });
  const planOf = (id: string): PlannedRestore => {
    const plan = plans.get(id);
    if (plan === undefined) throw notFound("such plan; they are kept for an hour");
    return plan;
  };
  return (app) => {
    app.post(
      "/api/plans",
      { config, schema: { summary: "Find out what a restore would do", body: NewPlan, response: { 202: Plan } } },
      async (request, reply) => {
        const { archiveId, way } = request.body;
        const { path } = await archiveOf(archiveId, await service.settings(), parts);
        const surroundings = await surroundingsOf(parts);
        const plan = plans.start({ archiveId, archive: path, way });
        service.audit(request, { action: "plan-restore", subject: path });
        void reply.code(202);
        return planRow(plan, surroundings);
      },
    );
    app.get(
      "/api/plans/:id",
      { config, schema: { summary: "What a restore would do", params, response: { 200: Plan } } },
      async ({ params: { id } }) => planRow(planOf(id), await surroundingsOf(parts)),
    );
    app.delete(
      "/api/plans/:id",
      { config, schema: { summary: "Stop and forget a plan", params, response: { 204: noContent } } },
      (request, reply) => {
        if (!plans.remove(request.params.id)) throw notFound("such plan");
        void reply.code(204);
        return null;
      },
    );
    app.get(
      "/api/plans/:id/events",
      {
        config: { ...config, isEventStream: true },
        schema: {
          summary: "Events of a plan",
          params,
          description: "`plan`: as GET of the plan, whenever it changes, until its state is not `running`",
        },
      },
      async (request, reply) => {
        const plan = planOf(request.params.id);
        const surroundings = await surroundingsOf(parts);
        const stream = new EventStream(reply);
        const tell = (): void => {
          stream.send(formatEvent("plan", planRow(plan, surroundings)));
          if (plan.state !== "running") stream.end();
        };
        stream.onEnd(plans.listen(plan.id, tell));
        tell();
      },
    );
    app.get(
      "/api/kept",
      { config: { role: "viewer" }, schema: { summary: "What an undo would bring back", response: { 200: Kept } } },
      async () => await kept.get(),
    );
  };
}

async function readKept({ service }: DataParts): Promise<Kept> {
  const states = databaseStates(await service.settings(), service.context, silentReporter);
  const [newest] = await states.kept();
  if (newest === undefined) return null;
  const { runId, createdAt, keepUntil } = newest;
  return { runId, createdAt: createdAt.toISOString(), keptUntil: keepUntil?.toISOString() ?? null };
}

async function surroundingsOf({ service }: DataParts): Promise<PlanSurroundings> {
  const settings = await service.settings();
  const { context } = service;
  const unit = settings.ngwbackup.service;
  const hasHistory = settings.runs.state !== undefined;
  return {
    instanceName: await instanceName(settings),
    service: (await isUnitLoaded(unit, context)) ? unit : null,
    estimateMs: hasHistory
      ? await lookBack(settings.runs, context.now(), (look) => Promise.resolve(estimateRestore(look)))
      : undefined,
  };
}
