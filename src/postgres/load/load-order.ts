import type { Toc, TocEntry } from "../toc.ts";

/** What running an entry means. */
export type LoadClass =
  | "pre-data" // schemas, types, functions, tables, sequences, defaults, views
  | "large-object" // creates one or several large objects
  | "rows" // COPY into a table that the plan creates
  | "extension-rows" // COPY into a table of an extension, whose own local rows go first (spatial_ref_sys)
  | "large-object-data"
  | "sequence" // setval
  | "index"
  | "constraint" // primary key, unique, exclusion, check: one table
  | "foreign-key"
  | "rest"; // triggers, rules, policies, materialized view refresh, comments, privileges, ...

/** An entry that a restore runs. */
export interface PlannedEntry {
  entry: TocEntry;
  class: LoadClass;
  /** SQL to run for it; "" for rows. May hold several statements. */
  sql: string;
  /** The statement the rows are sent to, checked to be `COPY ... FROM stdin`; only for rows. */
  copySql: string | undefined;
}

/** An entry that a restore leaves out, and why. */
export interface OmittedEntry {
  entry: TocEntry;
  /** Why, for a list of what was left out: `session setting`, `database itself`, `extension`, `privileges`, ... */
  reason: string;
}

/** What a restore runs, in the order of the table of contents, and what it leaves out. */
export interface LoadPlan {
  entries: PlannedEntry[];
  omitted: OmittedEntry[];
  /** Extensions that the database must have, by name. */
  extensions: string[];
}

/** Choices of {@link planLoad}. */
export interface LoadOrderOptions {
  /** Run GRANT and REVOKE entries too; default false, as `--no-privileges`. Owners are never set. */
  privileges?: boolean;
}

/** `TABLE public.resource`: an entry as messages name it. */
export function entryLabel(entry: TocEntry): string {
  return `${entry.description} ${entry.namespace ? `${entry.namespace}.` : ""}${entry.tag}`;
}

export declare function planLoad(toc: Toc, options?: LoadOrderOptions): LoadPlan;
