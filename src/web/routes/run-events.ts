import { EventStream } from "../events/event-stream.ts";
import type { DataParts } from "../data-parts.ts";
import { detailEvents } from "../events/run-streams.ts";
import { notFound } from "../web-error.ts";
import type { WebApp } from "../web-service.ts";
import { readDetail, runParams } from "./runs.ts";

/** What runs tell, as it comes: server-sent events. */
export function runEventRoutes(parts: DataParts): (app: WebApp) => void {
  const { streams } = parts;
  const config = { role: "viewer", isEventStream: true } as const;
  return (app) => {
    app.get(
      "/api/events",
      {
        config,
        schema: {
          summary: "Events of all runs",
          description:
            "`runs`: those that run, a list of rows; `changed`: {runs, archives}, whether something began or ended",
        },
      },
      async (_, reply) => {
        // What is wrong with the configuration is an answer; later it could only be silence.
        await parts.service.settings();
        const stream = new EventStream(reply);
        await streams.followAll(stream).catch(() => stream.end());
      },
    );
    app.get(
      "/api/runs/:id/events",
      {
        config,
        schema: {
          summary: "Events of a run",
          params: runParams,
          description:
            "`run`, `stages`, `log`: all so far; then `progress`, `stage`, `line`; `end`: as GET of the run, the last",
        },
      },
      async ({ params: { id } }, reply) => {
        if ((await readDetail(parts, id)) === undefined) throw notFound(`run ${id}`);
        const stream = new EventStream(reply);
        try {
          if (await streams.followRun(id, stream)) return;
          const detail = await readDetail(parts, id);
          if (detail !== undefined) stream.send(detailEvents(detail));
        } catch {
          // The reader opens it again.
        }
        stream.end();
      },
    );
  };
}
