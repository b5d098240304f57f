import { randomBytes } from "node:crypto";
import type { Context } from "../../context.ts";
import { AppError, BusyError, ExitCode, messageOf } from "../../errors.ts";
import type { RunProgress } from "../../history/run.ts";
import type { RestoreWay } from "../restore/run-record.ts";
import { dryRun } from "../runs/dry-run.ts";
import { planArguments } from "../runs/run-arguments.ts";

/** What a restore would do, as a dry run finds it out. */
export interface PlannedRestore {
  id: string;
  /** What it is of, as whoever asked for it calls it. */
  archiveId: string;
  /** Path or URL. */
  archive: string;
  /** Undefined: the dry run chooses it. */
  way: RestoreWay | undefined;
  /** `refused`: a check fails, or the archive is not sound; `failed`: that could not be found out. */
  state: "running" | "possible" | "refused" | "failed";
  progress: RunProgress | undefined;
  error: AppError | undefined;
  /** What the dry run printed at its end. */
  summary: Readonly<Record<string, unknown>> | undefined;
}

interface Kept {
  plan: PlannedRestore;
  stop: AbortController;
  /** When it is forgotten, on a steady clock. */
  untilMs: number;
  listeners: Set<(plan: PlannedRestore) => void>;
}

/** Each reads a whole archive. */
const mostAtOnce = 2;
const mostKept = 50;
const keptMs = 60 * 60 * 1000;

/** Plans of restores, each by a dry run in a process of its own. They are kept for an hour. Whoever makes it closes it. */
export class RestorePlans {
  readonly #context: Context;
  readonly #configPaths: readonly string[];
  readonly #plans = new Map<string, Kept>();

  /** @param configPaths those of `--config` */
  constructor(context: Context, configPaths: readonly string[]) {
    this.#context = context;
    this.#configPaths = configPaths;
  }

  /**
   * Begins one; one of the same that is under way is given instead.
   * @throws BusyError when enough are under way
   */
  start({ archiveId, archive, way }: Pick<PlannedRestore, "archiveId" | "archive" | "way">): PlannedRestore {
    this.#forget();
    const running = [...this.#plans.values()].filter(({ plan }) => plan.state === "running");
    const same = running.find(({ plan }) => plan.archive === archive && plan.way === way);
    if (same !== undefined) return same.plan;
    if (running.length >= mostAtOnce)
      throw new BusyError("plans-busy", `${running.length} plans are being made`, { hints: ["wait, or stop one"] });
    const plan: PlannedRestore = {
      id: randomBytes(12).toString("hex"),
      archiveId,
      archive,
      way,
      state: "running",
      progress: undefined,
      error: undefined,
      summary: undefined,
    };
    const kept: Kept = {
      plan,
      stop: new AbortController(),
      untilMs: performance.now() + keptMs,
      listeners: new Set(),
    };
    this.#plans.set(plan.id, kept);
    void this.#find(kept);
    return plan;
  }

  /** Undefined when it is not known, or not any more. */
  get(id: string): PlannedRestore | undefined {
    this.#forget();
    return this.#plans.get(id)?.plan;
  }

  /** Tells each change of a plan until it has ended. @returns stops telling */
  listen(id: string, listener: (plan: PlannedRestore) => void): () => void {
    const listeners = this.#plans.get(id)?.listeners;
    listeners?.add(listener);
    return () => listeners?.delete(listener);
  }

  /** Stops and forgets one. @returns whether there was one */
  remove(id: string): boolean {
    const kept = this.#plans.get(id);
    this.#plans.delete(id);
    kept?.stop.abort(new AppError("plan-stopped", "the plan was stopped"));
    return kept !== undefined;
  }

  /** Whether one is being made of an archive. */
  isReading(archive: string): boolean {
    return [...this.#plans.values()].some(({ plan }) => plan.state === "running" && plan.archive === archive);
  }

  /** Stops all. */
  close(): void {
    for (const id of this.#plans.keys()) this.remove(id);
  }

  async #find({ plan, stop, listeners }: Kept): Promise<void> {
    const tell = (): void => {
      for (const listener of listeners) listener(plan);
    };
    try {
      plan.summary = await dryRun({
        args: planArguments(plan.archive, plan.way),
        configPaths: this.#configPaths,
        context: this.#context,
        signal: AbortSignal.any([this.#context.signal, stop.signal]),
        onProgress(progress) {
          plan.progress = progress;
          tell();
        },
      });
      plan.state = plan.summary["possible"] === true ? "possible" : "refused";
    } catch (error) {
      plan.error = error instanceof AppError ? error : new AppError("plan-failed", messageOf(error), { cause: error });
      const isVerdict = plan.error.exitCode === ExitCode.refused || plan.error.exitCode === ExitCode.damaged;
      plan.state = isVerdict ? "refused" : "failed";
    }
    plan.progress = undefined;
    tell();
    listeners.clear();
  }

  #forget(): void {
    const nowMs = performance.now();
    for (const [id, { plan, untilMs }] of this.#plans) {
      const isTooMany = this.#plans.size > mostKept;
      if (plan.state !== "running" && (untilMs <= nowMs || isTooMany)) this.#plans.delete(id);
    }
  }
}
