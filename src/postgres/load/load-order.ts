import { DamagedError } from "../../errors.ts";
import type { Toc, TocEntry } from "../toc.ts";
import { checkCopyStatement } from "./copy-statement.ts";
import { largeObjectSql } from "./large-object-entries.ts";

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

/** A map, not an object: a description out of an archive may be `constructor`. */
const classes: ReadonlyMap<string, LoadClass> = new Map([
  ["BLOB", "large-object"],
  ["BLOB METADATA", "large-object"],
  ["BLOBS", "large-object-data"],
  ["SEQUENCE SET", "sequence"],
  ["INDEX", "index"],
  ["CONSTRAINT", "constraint"],
  ["CHECK CONSTRAINT", "constraint"],
  ["FK CONSTRAINT", "foreign-key"],
]);

/** `TABLE public.resource`: an entry as messages name it. */
export function entryLabel(entry: TocEntry): string {
  return `${entry.description} ${entry.namespace ? `${entry.namespace}.` : ""}${entry.tag}`;
}

/** Tags of these name what they make with its arguments. */
const withArguments = /^(?:FUNCTION|PROCEDURE|AGGREGATE)$/;

/** The name of what an entry makes, without arguments: `f` of `f(integer)`, and all of `a (name) of a table`. */
export function nameOf({ description, tag }: Pick<TocEntry, "description" | "tag">): string {
  return withArguments.test(description) ? tag.replace(/\(.*$/s, "") : tag;
}

/**
 * Decides which entries of a table of contents a restore runs, and how, by the rules of pg_restore with `--no-owner`.
 * The definitions are SQL that is run as it is: whoever restores an archive gives its author the rights of the role that
 * restores. Only what the rows are sent to is checked, because rows and statements travel by different ways.
 * @throws DamagedError for rows without a COPY statement, or with something else in its place
 */
export function planLoad(toc: Toc, options: LoadOrderOptions = {}): LoadPlan {
  const plan: LoadPlan = { entries: [], omitted: [], extensions: [] };
  const created = new Set(toc.entries.filter((entry) => isTable(entry)).map(relationKey));
  const seen = new Set<number>();
  for (const entry of toc.entries) {
    if (seen.has(entry.dumpId)) {
      throw new DamagedError("toc-duplicate", `the table of contents holds entry ${entry.dumpId} twice`);
    }
    seen.add(entry.dumpId);
    if (entry.description === "EXTENSION") plan.extensions.push(entry.tag);
    const reason = omission(entry, options);
    if (reason === undefined) plan.entries.push(planEntry(entry, created));
    else plan.omitted.push({ entry, reason });
  }
  return plan;
}

/** Whether an entry makes a relation that TABLE DATA, indexes and constraints refer to. */
export function isTable(entry: TocEntry): boolean {
  return /^(?:FOREIGN )?TABLE$|^MATERIALIZED VIEW$/.test(entry.description);
}

function planEntry(entry: TocEntry, created: ReadonlySet<string>): PlannedEntry {
  if (entry.description === "TABLE DATA") {
    const copySql = checkCopyStatement(entry.copyStatement, entryLabel(entry));
    return { entry, class: created.has(relationKey(entry)) ? "rows" : "extension-rows", sql: "", copySql };
  }
  const planned = classes.get(entry.description) ?? (entry.section === 2 ? "pre-data" : "rest");
  const sql = entry.description.startsWith("BLOB") ? largeObjectSql(entry) : (entry.definition ?? "");
  return { entry, class: planned, sql, copySql: undefined };
}

function omission(entry: TocEntry, options: LoadOrderOptions): string | undefined {
  const { description, tag } = entry;
  switch (description) {
    case "ENCODING":
    case "STDSTRINGS":
    case "SEARCHPATH":
      return "session setting";
    case "DATABASE":
    case "DATABASE PROPERTIES":
      return "database itself";
    case "EXTENSION":
      return "extension, which the database must have already";
    case "SUBSCRIPTION":
      return "subscription, which would take part in replication";
    case "STATISTICS DATA":
      return "statistics, which ANALYZE makes anew";
    case "SCHEMA":
      return tag === "public" ? "schema public itself" : undefined;
    case "ACL":
    case "DEFAULT ACL":
      if (options.privileges !== true) return "privileges";
      if (tag.startsWith("DATABASE ")) return "database itself";
      return tag === "SCHEMA public" ? "schema public itself" : undefined;
    case "COMMENT":
    case "SECURITY LABEL":
      if (tag.startsWith("DATABASE ")) return "database itself";
      if (tag.startsWith("SUBSCRIPTION ")) return "subscription, which would take part in replication";
      if (tag.startsWith("EXTENSION ")) return "extension, which the database must have already";
      return tag === "SCHEMA public" ? "schema public itself" : undefined;
    default:
      return undefined;
  }
}

function relationKey(entry: TocEntry): string {
  return JSON.stringify([entry.namespace ?? "", entry.tag]);
}
