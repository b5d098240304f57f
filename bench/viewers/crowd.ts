/*
 * Viewers of a page, as a process of its own: each follows all runs, and the run that is under way as its page does. What to look
 * at comes as a line of JSON on stdin; they go when stdin ends, and what came is printed.
 */
import { Agent, type IncomingMessage, get } from "node:http";
import { createInterface } from "node:readline";
import type { Crowd, CrowdSight } from "./page.ts";

const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
const sight: CrowdSight = { events: 0, bytes: 0, runStreams: 0 };

const input = createInterface({ input: process.stdin });
input.once("line", (line) => {
  const { url, cookie, viewers } = JSON.parse(line) as Crowd;
  let open = 0;
  const look = (): void => {
    const seen = new Set<number>();
    follow(`${url}api/events`, cookie, (name, data) => {
      if (name !== "runs") return;
      if (seen.size === 0 && (open += 1) === viewers) process.stdout.write("all are there\n");
      seen.add(0);
      for (const { id } of JSON.parse(data) as { id: number }[]) {
        if (seen.has(id)) continue;
        seen.add(id);
        sight.runStreams += 1;
        follow(`${url}api/runs/${id}/events`, cookie, () => {});
      }
    });
  };
  for (let viewer = 0; viewer < viewers; viewer += 1) look();
});
input.once("close", () => {
  process.stdout.write(`${JSON.stringify(sight)}\n`, () => process.exit(0));
});

/** Reads a stream of events as a browser does, until the server ends it. */
function follow(url: string, cookie: string, onEvent: (name: string, data: string) => void): void {
  get(url, { agent, headers: { cookie, accept: "text/event-stream" } }, (response: IncomingMessage) => {
    if (response.statusCode !== 200) throw new Error(`${url} was answered with ${response.statusCode}`);
    let rest = "";
    response.setEncoding("utf8").on("data", (text: string) => {
      sight.bytes += text.length;
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, name, data] = /^event: (.*)\ndata: ([^]*)$/.exec(block) ?? [];
        if (name === undefined || data === undefined) continue;
        sight.events += 1;
        onEvent(name, data);
      }
    });
  });
}
