import { expect, onTestFinished, test } from "vitest";
import type { Identity } from "../../src/web/access.ts";
import { buildApp } from "../../src/web/build-app.ts";
import type { WebService } from "../../src/web/web-service.ts";

test("streams of events end with the session that opened them, and with the server", async () => {
  let isSignedIn = true;
  let isReadable = true;
  const identity: Identity = {
    caller: { name: "vera", role: "viewer", via: "token" },
    csrfToken: undefined,
    isStillValid() {
      if (!isReadable) throw new Error("disk I/O error");
      return isSignedIn;
    },
  };
  const abort = new AbortController();
  const app = buildApp({
    service: { context: { signal: abort.signal } } as WebService,
    identify: () => identity,
    routes: [
      () => (scope) => {
        scope.get("/api/events", { config: { role: "viewer", isEventStream: true } }, (_request, reply) => {
          reply.hijack();
          reply.raw.writeHead(200, { "content-type": "text/event-stream" });
          reply.raw.write("event: hello\ndata: 1\n\n");
        });
        scope.delete("/api/session", { config: { role: "viewer" } }, () => {
          isSignedIn = false;
          return {};
        });
        scope.delete("/api/disk", { config: { role: "viewer" } }, () => {
          isReadable = false;
          return {};
        });
      },
    ],
    onProblem: (error) => expect.unreachable(String(error)),
    basePath: "/",
    tls: undefined,
    pageFolder: "/nonexistent",
  });
  onTestFinished(async () => await app.close());
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  expect((await fetch(`${url}/api/events`, { method: "HEAD" })).status).toBe(405);
  const open = async (): Promise<{ reading: Promise<string> }> => {
    const reader = (await fetch(`${url}/api/events`)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("hello");
    const reading = reader.read().then(
      ({ done }) => (done ? "ended" : "went on"),
      () => "broken off",
    );
    return { reading };
  };
  const first = await open();
  await fetch(`${url}/api/session`, { method: "DELETE" });
  expect(await first.reading).toBe("broken off");
  isSignedIn = true;
  // Whether it goes on cannot be told.
  const untold = await open();
  await fetch(`${url}/api/disk`, { method: "DELETE" });
  expect(await untold.reading).toBe("broken off");
  isReadable = true;
  const second = await open();
  abort.abort();
  expect(await second.reading).toBe("ended");
});
