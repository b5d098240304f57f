import { signal } from "@preact/signals";
import type { RunDetail, RunRow } from "../../api/runs.ts";
import { openEventStream } from "./event-stream.ts";
import { request } from "./request.ts";
import { invalidate } from "./resource.ts";

interface LiveEvents {
  runs: RunRow[];
  changed: { runs: boolean; archives: boolean };
}

/** Runs that are under way, as they go on. */
export const running = signal<readonly RunRow[]>([]);

/** Runs that have ended while the page looked, newest last; whoever shows one takes it out. */
export const justEnded = signal<readonly RunRow[]>([]);

/** Follows all that goes on, while somebody is signed in. @returns ends that */
export function followLive(): () => void {
  let wasOpen = false;
  const close = openEventStream<LiveEvents>(
    "api/events",
    {
      runs: (runs) => {
        const ended = running.peek().filter(({ id }) => !runs.some((run) => run.id === id));
        running.value = runs;
        for (const { id } of ended) void noteEnd(id);
      },
      changed: ({ runs, archives }) => {
        if (runs) invalidate("api/runs", "api/overview", "api/kept");
        if (archives) invalidate("api/archives", "api/retention", "api/overview");
      },
    },
    () => {
      // What happened while the stream was broken is not told again.
      if (wasOpen) invalidate("api/");
      wasOpen = true;
    },
  );
  return () => {
    close();
    running.value = [];
    justEnded.value = [];
  };
}

/** It may have been lost sight of only: then it still runs, and nothing is said. */
async function noteEnd(id: number): Promise<void> {
  const detail = await request<RunDetail>("GET", `api/runs/${id}`).catch(() => undefined);
  if (detail !== undefined && detail.run.state !== "running") justEnded.value = [...justEnded.peek(), detail.run];
}
