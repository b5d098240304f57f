import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Plan } from "../../api/runs.ts";
import { openEventStream } from "./event-stream.ts";
import { type ApiFailure, failureOf } from "./failure.ts";
import { request } from "./request.ts";

/** A plan while it is made, and when it is. */
export interface FollowedPlan {
  plan: Plan | undefined;
  failure: ApiFailure | undefined;
  /** Makes it anew: something was mended. */
  again: () => void;
}

/**
 * Has a restore of an archive planned and follows that; one that is no longer looked at is stopped.
 * @param way undefined: chosen by the server
 */
export function useFollowedPlan(archiveId: string, way: Plan["way"] | undefined): FollowedPlan {
  const attempt = useMemo(() => signal(0), []);
  const plan = useMemo(() => signal<Plan | undefined>(undefined), [archiveId]);
  const failure = useMemo(() => signal<ApiFailure | undefined>(undefined), [archiveId]);
  const number = attempt.value;
  useEffect(() => {
    let close: (() => void) | undefined;
    let isGone = false;
    const stop = (id: string): void => void request("DELETE", `api/plans/${id}`).catch(() => undefined);
    const follow = (first: Plan): void => {
      if (isGone) return stop(first.id);
      plan.value = first;
      if (first.state !== "running") return;
      close = openEventStream<{ plan: Plan }>(`api/plans/${first.id}/events`, {
        plan: (next) => {
          plan.value = next;
          if (next.state !== "running") close?.();
        },
      });
    };
    plan.value = undefined;
    failure.value = undefined;
    request<Plan>("POST", "api/plans", { archiveId, ...(way ? { way } : {}) }).then(follow, (error: unknown) => {
      failure.value = failureOf(error);
    });
    return () => {
      isGone = true;
      close?.();
      const last = plan.peek();
      if (last?.state === "running") stop(last.id);
    };
  }, [archiveId, way, number, plan, failure]);
  return {
    plan: plan.value,
    failure: failure.value,
    again: () => {
      attempt.value += 1;
    },
  };
}
