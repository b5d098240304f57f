import type { ArchiveRow } from "../../../api/archives.ts";

/** Columns that the list can be sorted by. */
export const sortKeys = ["time", "name", "size", "state", "verified", "drilled"] as const;
/** One of {@link sortKeys}. */
export type SortKey = (typeof sortKeys)[number];

/** What is shown of the archives, and in which order. */
export interface Choice {
  search: string;
  placeId: string;
  state: string;
  sort: SortKey;
  isDescending: boolean;
}

/** Reads it out of the address, which so leads to the same list again. */
export function choiceOf(query: URLSearchParams): Choice {
  const sorted = query.get("sort") ?? "";
  const key = sortKeys.find((name) => name === sorted.replace(/^-/, ""));
  return {
    search: query.get("q") ?? "",
    placeId: query.get("place") ?? "",
    state: query.get("state") ?? "",
    sort: key ?? "time",
    // The newest and the largest are what one looks for first.
    isDescending: key === undefined || sorted.startsWith("-"),
  };
}

const stateOrder: readonly ArchiveRow["state"][] = ["complete", "losses", "foreign", "unreadable", "damaged"];

const compare: Readonly<Record<SortKey, (a: ArchiveRow, b: ArchiveRow) => number>> = {
  time: (a, b) => Date.parse(a.time) - Date.parse(b.time),
  name: (a, b) => a.name.localeCompare(b.name),
  size: (a, b) => a.sizeBytes - b.sizeBytes,
  state: (a, b) => stateOrder.indexOf(a.state) - stateOrder.indexOf(b.state),
  verified: (a, b) => Date.parse(a.verified?.at ?? "1970-01-01") - Date.parse(b.verified?.at ?? "1970-01-01"),
  drilled: (a, b) => Date.parse(a.drilled?.at ?? "1970-01-01") - Date.parse(b.drilled?.at ?? "1970-01-01"),
};

/** The archives that a choice shows, in its order. */
export function chooseRows(rows: readonly ArchiveRow[], choice: Choice): ArchiveRow[] {
  const wanted = choice.search.trim().toLowerCase();
  const sign = choice.isDescending ? -1 : 1;
  return rows
    .filter(({ placeId, state, name, tags, instance }) => {
      if (choice.placeId !== "" && placeId !== choice.placeId) return false;
      if (choice.state !== "" && state !== choice.state) return false;
      return wanted === "" || [name, ...tags, instance ?? ""].some((text) => text.toLowerCase().includes(wanted));
    })
    .toSorted((a, b) => sign * compare[choice.sort](a, b) || compare.time(b, a));
}

/** Whether an archive can be restored, as far as its list tells. */
export function isUsable({ state, missingBase }: ArchiveRow): boolean {
  return state !== "damaged" && state !== "unreadable" && missingBase.length === 0;
}

/** The newest archive of our own that can be restored. */
export function newestUsable(rows: readonly ArchiveRow[]): ArchiveRow | undefined {
  return rows
    .filter((row) => isUsable(row) && row.isOurs !== false)
    .toSorted((a, b) => compare.time(b, a))
    .at(0);
}
