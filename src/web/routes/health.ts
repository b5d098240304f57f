import type { WebApp } from "../web-service.ts";

/** Whether the server lives: for load balancers and containers, which learn nothing else. */
export function healthRoute(app: WebApp): void {
  app.get(
    "/healthz",
    { config: { role: "public", produces: "text/plain" }, schema: { summary: "Whether the server lives" } },
    (_, reply) => {
      void reply.type("text/plain; charset=utf-8");
      return "ok\n";
    },
  );
}
