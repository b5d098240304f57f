import type { NamedEntry } from "./named-entries.ts";

/** Which entries of an archive are asked for. */
export interface EntryPatterns {
  /** Whether tables or large objects may be among them. */
  mayBeRows: boolean;
  /** Whether files of the data folder may be. */
  mayBeFiles: boolean;
  /** Whether an entry is asked for; notes which patterns have found something. */
  match(entry: Pick<NamedEntry, "name" | "aliases">): boolean;
  /** Patterns that have found nothing so far. */
  unmatched(): string[];
}

const rowsPattern = /^(?:table|large-object):/;
/** Names with a slash before any wildcard, and UUIDs: nothing but a file has those. */
const filePattern = /^[^:*?]*\/|^[0-9a-f]{32}$/;

/**
 * Patterns as people write them for names of entries: `*` stands for anything but a slash, `**` for anything at all, `?` for one
 * character. A folder stands for all that is below it. Without any pattern everything is asked for.
 */
export function entryPatterns(patterns: readonly string[]): EntryPatterns {
  const compiled = patterns.map((pattern) => ({ pattern, test: compile(pattern), hasMatched: false }));
  const isAll = patterns.length === 0;
  return {
    mayBeRows: isAll || patterns.some((pattern) => !filePattern.test(pattern) && !isAlone(pattern)),
    mayBeFiles: isAll || patterns.some((pattern) => !rowsPattern.test(pattern) && !isAlone(pattern)),
    match({ name, aliases }) {
      if (isAll) return true;
      let isAsked = false;
      for (const one of compiled) {
        if (!one.test.test(name) && !aliases.some((alias) => one.test.test(alias))) continue;
        one.hasMatched = true;
        isAsked = true;
      }
      return isAsked;
    },
    unmatched: () => compiled.flatMap(({ pattern, hasMatched }) => (hasMatched ? [] : pattern)),
  };
}

function isAlone(pattern: string): boolean {
  return pattern === "toc.dat" || pattern === "manifest.jsonl";
}

function compile(pattern: string): RegExp {
  const source = pattern.replace(/\/+$/, "").replaceAll(/\*\*|[*?]|[^*?]+/g, (part) => {
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : part.replaceAll(/[\\^$.()[\]{}|+/]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source}(?:/.*)?$`, "su");
}
