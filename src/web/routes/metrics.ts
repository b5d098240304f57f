import { metricsText } from "../../operations/status/metrics-text.ts";
import { readStatus } from "../../operations/status/read-status.ts";
import { statusFindings } from "../../operations/status/status-findings.ts";
import { SharedAnswer } from "../../shared-answer.ts";
import type { AccessRole } from "../access.ts";
import type { WebApp, WebService } from "../web-service.ts";

/** The status for Prometheus. */
export function metricsRoute(role: AccessRole, service: WebService): (app: WebApp) => void {
  // Each reads the history and asks systemd: anybody may come as often as they like.
  const answer = new SharedAnswer(async () => {
    const status = await readStatus(await service.settings(), service.context);
    const due = statusFindings(status).some(({ level }) => level === "fail");
    return metricsText(status, due);
  });
  return (app) => {
    app.get(
      "/metrics",
      { config: { role, produces: "text/plain" }, schema: { summary: "The status for Prometheus" } },
      async (_, reply) => {
        const text = await answer.get();
        void reply.type("text/plain; version=0.0.4; charset=utf-8");
        return text;
      },
    );
  };
}
