import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type ApiFailure, failureOf } from "./failure.ts";
import { request } from "./request.ts";

/** What a component sees of something that the server has. */
export interface Resource<T> {
  /** Undefined until it is there; of the last time while it is asked for again. */
  data: T | undefined;
  /** Why the last attempt failed. */
  failure: ApiFailure | undefined;
  reload: () => void;
}

interface Entry {
  data: Signal<unknown>;
  failure: Signal<ApiFailure | undefined>;
  /** Components that show it. */
  watchers: number;
  /** Number of the newest request: older answers that come later are dropped. */
  newest: number;
}

const entries = new Map<string, Entry>();
const mostEntries = 60;

/**
 * What the server gives for a GET, shown from memory at once and asked for again behind it.
 * @param path below the page's base; undefined: nothing yet
 */
export function useResource<T>(path: string | undefined): Resource<T> {
  const entry = path === undefined ? undefined : entryOf(path);
  useEffect(() => {
    if (path === undefined) return undefined;
    const watched = entryOf(path);
    watched.watchers += 1;
    void load(path, watched);
    return () => {
      watched.watchers -= 1;
    };
  }, [path]);
  return {
    data: entry?.data.value as T | undefined,
    failure: entry?.failure.value,
    reload: () => {
      if (path !== undefined) void load(path, entryOf(path));
    },
  };
}

/** Asks again for what is shown below a path, and forgets the rest of it. */
export function invalidate(...prefixes: string[]): void {
  for (const [path, entry] of entries) {
    if (!prefixes.some((prefix) => path.startsWith(prefix))) continue;
    if (entry.watchers > 0) void load(path, entry);
    else entries.delete(path);
  }
}

/** Forgets everything: another user may see something else. */
export function forgetAll(): void {
  entries.clear();
}

function entryOf(path: string): Entry {
  const found = entries.get(path);
  if (found !== undefined) return found;
  for (const [old, { watchers }] of entries) {
    if (entries.size < mostEntries) break;
    if (watchers === 0) entries.delete(old);
  }
  const entry: Entry = { data: signal(undefined), failure: signal(undefined), watchers: 0, newest: 0 };
  entries.set(path, entry);
  return entry;
}

async function load(path: string, entry: Entry): Promise<void> {
  const number = (entry.newest += 1);
  try {
    const data = await request("GET", path);
    if (number !== entry.newest) return;
    entry.data.value = data;
    entry.failure.value = undefined;
  } catch (error) {
    if (number === entry.newest) entry.failure.value = failureOf(error);
  }
}
