import type { AppliedRevision } from "../../migrations/migration.ts";
import type { ComparableView } from "./archive-view.ts";
import type { ArchivePart } from "./part-sums.ts";

/** What is in an archive now that was not, or not so, in an older one. */
export interface ArchiveChanges {
  added: readonly ArchivePart[];
  removed: readonly ArchivePart[];
  /** Parts that hold something else, as they are now and as they were. */
  changed: readonly { now: ArchivePart; before: ArchivePart }[];
  unchanged: number;
  filesAdded: number;
  filesRemoved: number;
  /** `component:revision`. */
  migrationsAdded: readonly string[];
  migrationsRemoved: readonly string[];
}

/**
 * Holds two archives against each other, by what they list: rows, files, sizes, and digests where these were made alike. Rows
 * and files themselves are not read.
 */
export function compareViews(newer: ComparableView, older: ComparableView): ArchiveChanges {
  const [now, before] = [newer.view, older.view];
  const known = new Map(before.parts.map((part) => [keyOf(part), part]));
  const added: ArchivePart[] = [];
  const changed: { now: ArchivePart; before: ArchivePart }[] = [];
  let unchanged = 0;
  for (const part of now.parts) {
    const earlier = known.get(keyOf(part));
    known.delete(keyOf(part));
    if (earlier === undefined) added.push(part);
    else if (isSame(part, earlier)) unchanged += 1;
    else changed.push({ now: part, before: earlier });
  }
  // Where one of them does not say, nothing is known of the other's either.
  const isKnown = now.migrations !== null && before.migrations !== null;
  const revisions = revisionsOf(isKnown ? now.migrations : null);
  const olderRevisions = revisionsOf(isKnown ? before.migrations : null);
  return {
    added,
    removed: [...known.values()],
    changed,
    unchanged,
    filesAdded: older.fileKeys.missing(newer.fileKeys),
    filesRemoved: newer.fileKeys.missing(older.fileKeys),
    migrationsAdded: [...revisions].filter((revision) => !olderRevisions.has(revision)),
    migrationsRemoved: [...olderRevisions].filter((revision) => !revisions.has(revision)),
  };
}

function keyOf({ kind, what }: ArchivePart): string {
  return `${kind} ${what}`;
}

function isSame(part: ArchivePart, other: ArchivePart): boolean {
  if (part.plainBytes !== other.plainBytes || part.files !== other.files) return false;
  if (part.rows !== null && other.rows !== null && part.rows !== other.rows) return false;
  for (const { kind, make, value } of part.digests) {
    const comparable = other.digests.find((digest) => digest.kind === kind && digest.make === make);
    if (comparable !== undefined) return comparable.value === value;
  }
  return true;
}

function revisionsOf(migrations: readonly AppliedRevision[] | null): Set<string> {
  return new Set((migrations ?? []).map(({ component, revision }) => `${component}:${revision}`));
}
