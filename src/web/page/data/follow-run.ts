import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { LogLine, RunDetail, RunEvents, RunRow, RunStage } from "../../api/runs.ts";
import { openEventStream } from "./event-stream.ts";
import { type ApiFailure, failureOf } from "./failure.ts";
import { request } from "./request.ts";

/** A run as it goes on, or as it ended. */
export interface FollowedRun {
  detail: RunDetail | undefined;
  failure: ApiFailure | undefined;
}

/** A log that grows without end would slow the page down; the whole of it is in the history. */
const mostLines = 5000;

/** Follows a run until it has ended; a reload or a second viewer sees the same. */
export function useFollowedRun(id: number): FollowedRun {
  const { detail, failure } = useMemo(
    () => ({ detail: signal<RunDetail | undefined>(undefined), failure: signal<ApiFailure | undefined>(undefined) }),
    [id],
  );
  useEffect(() => {
    let close: (() => void) | undefined;
    let isGone = false;
    const follow = (first: RunDetail): void => {
      detail.value = first;
      if (first.run.state === "running") {
        close = followEvents(
          id,
          (change) => {
            if (detail.value !== undefined) detail.value = change(detail.value);
          },
          () => close?.(),
        );
      }
    };
    request<RunDetail>("GET", `api/runs/${id}`).then(
      (first) => {
        if (!isGone) follow(first);
      },
      (error: unknown) => {
        failure.value = failureOf(error);
      },
    );
    return () => {
      isGone = true;
      close?.();
    };
  }, [id, detail, failure]);
  return { detail: detail.value, failure: failure.value };
}

type Change = (before: RunDetail) => RunDetail;

/** @param onEnd called when all is known of how it ended, which is after the news that it has ended */
function followEvents(id: number, apply: (change: Change) => void, onEnd: () => void): () => void {
  return openEventStream<RunEvents>(`api/runs/${id}/events`, {
    run: (run: RunRow) => apply((before) => ({ ...before, run })),
    stages: (stages: RunStage[]) => apply((before) => ({ ...before, stages })),
    log: (log: LogLine[]) => apply((before) => ({ ...before, log: log.slice(-mostLines) })),
    progress: (progress) => apply((before) => ({ ...before, run: { ...before.run, progress } })),
    stage: (stage) => apply((before) => ({ ...before, stages: withStage(before.stages, stage) })),
    line: (line) => apply((before) => ({ ...before, log: [...before.log, line].slice(-mostLines) })),
    end: (detail) => {
      apply(() => detail);
      onEnd();
    },
  });
}

/** A stage comes once when it begins and once when it ends. */
function withStage(stages: readonly RunStage[], stage: RunStage): RunStage[] {
  const isSame = (other: RunStage): boolean => other.name === stage.name && other.startedAt === stage.startedAt;
  return stages.some(isSame) ? stages.map((other) => (isSame(other) ? stage : other)) : [...stages, stage];
}
