import type { TocEntry } from "../toc.ts";
import { entryLabel, type LoadPlan, nameOf, type PlannedEntry } from "../load/load-order.ts";
import { isMarkerComment } from "./markers.ts";
import { rewriteQualifier } from "./rewrite-qualifier.ts";
import { identifierOf, tokenizeSql } from "./sql-tokens.ts";

/** What a staged schema may hold: what is right again, by OID, once the schema has its name. */
const stageable = new Set([
  "TABLE",
  "TABLE ATTACH",
  "TABLE DATA",
  "SEQUENCE",
  "SEQUENCE OWNED BY",
  "SEQUENCE SET",
  "DEFAULT",
  "CONSTRAINT",
  "CHECK CONSTRAINT",
  "FK CONSTRAINT",
  "INDEX",
  "INDEX ATTACH",
  "COMMENT",
  "ACL",
]);

/** What names things by text or refers to the rest, and can be made as well once the schema has its name. */
const afterRename = new Set([
  "DEFAULT ACL",
  "TRIGGER",
  "POLICY",
  "ROW SECURITY",
  "STATISTICS",
  "PUBLICATION TABLE",
  "PUBLICATION TABLES IN SCHEMA",
]);

/** How an archive is loaded in place. */
export interface StagingPlan {
  /** Schemas loaded aside, with the entries that go there, still under their own name. */
  staged: Map<string, PlannedEntry[]>;
  /** Schemas of the archive, without `public`, that are loaded in the final transaction, and why. */
  unstaged: Map<string, string>;
  /** What the final transaction runs, after the staged schemas have their names. */
  final: PlannedEntry[];
  /** Schemas that were kept previous states of the archive's instance, which are not restored. */
  leftOut: string[];
}

/**
 * Decides which schemas can be loaded aside and renamed: those that hold nothing but tables, sequences and what belongs to
 * them, and that refer to nothing else in the archive. Whatever is not certain is loaded in the final transaction.
 * @param whyNone why no schema can be loaded aside, whatever it holds; undefined: some can
 * @param keepsPlace schemas that the database has and that stay (they hold extensions, or are of other roles): these are not made again
 */
export function planStaging(plan: LoadPlan, keepsPlace: ReadonlySet<string>, whyNone?: string): StagingPlan {
  const leftOut = new Set(
    plan.entries
      .filter(({ entry }) => entry.description === "COMMENT" && isMarkerComment(entry.definition ?? ""))
      .flatMap(({ entry }) => commentedSchema(entry)),
  );
  const entries = plan.entries.filter(({ entry }) => !leftOut.has(schemaOf(entry) ?? ""));
  const staged = new Map<string, PlannedEntry[]>();
  const unstaged = new Map<string, string>();
  const definedNames = namesBySchema(entries);
  const byDumpId = new Map(entries.map(({ entry }) => [entry.dumpId, entry]));
  const late = new Set<number>();
  for (const { entry } of entries) {
    if (entry.description !== "SCHEMA" || entry.tag === "public") continue;
    const own = entries.filter((planned) => planned.entry.namespace === entry.tag);
    const verdict = keepsPlace.has(entry.tag)
      ? "it stays in the database, because it holds an extension or belongs to another role"
      : (whyNone ?? stageSchema(entry.tag, own, definedNames, byDumpId));
    if (typeof verdict === "string") {
      unstaged.set(entry.tag, verdict);
      continue;
    }
    for (const id of verdict) late.add(id);
    staged.set(
      entry.tag,
      own.filter((planned) => !verdict.has(planned.entry.dumpId)),
    );
  }
  const final = entries.filter(({ entry }) => {
    if (entry.description === "SCHEMA") return !staged.has(entry.tag) && !keepsPlace.has(entry.tag);
    return !staged.has(entry.namespace ?? "") || late.has(entry.dumpId);
  });
  return { staged, unstaged, final, leftOut: [...leftOut] };
}

/**
 * An entry of a staged schema as it is run under the schema's temporary name.
 * @throws RangeError when the entry cannot be rewritten for certain; {@link planStaging} has ruled that out
 */
export function rewriteEntry(planned: PlannedEntry, from: string, to: string): PlannedEntry {
  const rewrite = (sql: string): string => {
    const { sql: rewritten, doubts } = rewriteQualifier(sql, from, to);
    if (doubts.length > 0) throw new RangeError(`${entryLabel(planned.entry)}: ${doubts.join("; ")}`);
    return rewritten;
  };
  const { definition, copyStatement } = planned.entry;
  return {
    ...planned,
    sql: rewrite(planned.sql),
    copySql: planned.copySql === undefined ? undefined : rewrite(planned.copySql),
    entry: {
      ...planned.entry,
      namespace: to,
      definition: definition === null ? null : rewrite(definition),
      copyStatement: copyStatement === null ? null : rewrite(copyStatement),
    },
  };
}

/** Entries of a schema that wait for the rename, by dump id; or why the schema cannot be staged. */
function stageSchema(
  schema: string,
  own: readonly PlannedEntry[],
  definedNames: ReadonlyMap<string, ReadonlySet<string>>,
  byDumpId: ReadonlyMap<number, TocEntry>,
): Set<number> | string {
  const late = new Set<number>();
  for (const planned of own) {
    const { entry } = planned;
    const waits = afterRename.has(entry.description) || entry.dependencies.some((id) => late.has(id));
    if (!waits && !stageable.has(entry.description)) return `it holds ${entryLabel(entry)}`;
    const problem = waits ? undefined : whyUncertain(schema, planned, definedNames, byDumpId);
    if (problem !== undefined && entry.description !== "FK CONSTRAINT") return problem;
    if (waits || problem !== undefined) late.add(entry.dumpId);
  }
  return late;
}

function whyUncertain(
  schema: string,
  { entry, sql, copySql }: PlannedEntry,
  definedNames: ReadonlyMap<string, ReadonlySet<string>>,
  byDumpId: ReadonlyMap<number, TocEntry>,
): string | undefined {
  const label = entryLabel(entry);
  for (const id of entry.dependencies) {
    const other = byDumpId.get(id);
    if (other?.namespace && other.namespace !== schema) return `${label} needs ${entryLabel(other)}`;
  }
  for (const text of new Set([sql, copySql ?? "", entry.definition ?? "", entry.copyStatement ?? ""])) {
    const { doubts, foreignNames } = rewriteQualifier(text, schema, schema);
    if (doubts[0] !== undefined) return `${label}: ${doubts[0]}`;
    const foreign = foreignNames.find(([other, name]) => definedNames.get(other)?.has(name));
    if (foreign !== undefined) return `${label} refers to ${foreign.join(".")}`;
  }
  return undefined;
}

/** Names that the archive makes, by schema: what stands in `public` and is not here belongs to an extension. */
function namesBySchema(entries: readonly PlannedEntry[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const { entry } of entries) {
    if (!entry.namespace || entry.description === "COMMENT" || entry.description === "ACL") continue;
    // the tags of rows, extension tables' too, are no definitions
    if (entry.description === "TABLE DATA" || entry.description === "SEQUENCE SET") continue;
    const of = names.get(entry.namespace) ?? new Set<string>();
    names.set(entry.namespace, of.add(nameOf(entry)));
  }
  return names;
}

function schemaOf(entry: TocEntry): string | undefined {
  if (entry.namespace) return entry.namespace;
  if (entry.description === "SCHEMA") return entry.tag;
  return entry.description === "COMMENT" || entry.description === "ACL"
    ? /^SCHEMA (.*)$/s.exec(entry.tag)?.[1]
    : undefined;
}

/** The schema that a COMMENT ON SCHEMA entry speaks of. */
function commentedSchema(entry: TocEntry): string[] {
  const words = tokenizeSql(entry.definition ?? "").filter((token) => token.kind !== "space");
  if (identifierOf(words[2]) !== "schema") return [];
  const name = identifierOf(words[3]);
  return name === undefined ? [] : [name];
}
