import type { Client } from "../connection.ts";

/** A piece of work for one connection. */
export interface LoadTask {
  /** The highest runs first among those that may run. */
  priority: number;
  /** Tasks of the same pool that must be done before. */
  after: readonly LoadTask[];
  /** What it is expected to take beside what it tells while it runs; nothing when left out. */
  expectedMs?: number;
  run(client: Client, signal: AbortSignal): Promise<void>;
}

/**
 * Runs tasks, each on one of the connections at a time, as soon as those they wait for are done.
 * The first failure, or the caller's signal, aborts the signal that the others were given; all have come to rest when this
 * rejects with that first reason.
 * @param onStop called once when that signal is aborted, to end what the server still works on; never rejects
 * @param onWork told what was expected of a task: half of it when the task begins and half when it is done, so that tasks
 *   under way count about right
 */
export async function runTasks(
  tasks: readonly LoadTask[],
  clients: readonly Client[],
  signal: AbortSignal,
  onStop: () => Promise<void>,
  onWork: (expectedMs: number) => void = () => {},
): Promise<void> {
  const failure = new AbortController();
  const all = AbortSignal.any([signal, failure.signal]);
  const waitsFor = new Map(tasks.map((task) => [task, task.after.length]));
  const followers = new Map<LoadTask, LoadTask[]>();
  for (const task of tasks) for (const before of task.after) add(followers, before, task);
  const ready = tasks.filter((task) => task.after.length === 0).toSorted(byPriority);
  let left = tasks.length;
  let wake = Promise.withResolvers<void>();
  const wakeAll = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  const finish = (task: LoadTask): void => {
    left -= 1;
    for (const next of followers.get(task) ?? []) {
      const count = (waitsFor.get(next) ?? 0) - 1;
      waitsFor.set(next, count);
      if (count === 0) ready.push(next);
    }
    ready.sort(byPriority);
    wakeAll();
  };
  const work = async (client: Client): Promise<void> => {
    while (left > 0 && !all.aborted) {
      const task = ready.pop();
      if (task === undefined) await wake.promise;
      else {
        const half = (task.expectedMs ?? 0) / 2;
        onWork(half);
        await task.run(client, all);
        onWork(half);
        finish(task);
      }
    }
  };
  const workers = clients.map((client) =>
    work(client).catch((error: unknown) => {
      if (!failure.signal.aborted) failure.abort(error);
      wakeAll();
    }),
  );
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    stopping = onStop();
  };
  all.addEventListener("abort", stop, { once: true });
  await Promise.all(workers);
  all.removeEventListener("abort", stop);
  await stopping;
  signal.throwIfAborted();
  failure.signal.throwIfAborted();
}

function byPriority(a: LoadTask, b: LoadTask): number {
  return a.priority - b.priority;
}

function add(map: Map<LoadTask, LoadTask[]>, key: LoadTask, value: LoadTask): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
