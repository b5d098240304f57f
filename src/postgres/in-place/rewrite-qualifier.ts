import { quoteIdentifier } from "../quoting.ts";
import { identifierOf, type SqlToken, tokenizeSql } from "./sql-tokens.ts";

/** What {@link rewriteQualifier} did. */
export interface Rewritten {
  sql: string;
  /** Why the text may mean something else afterwards; empty when it is safe. */
  doubts: string[];
  /** Qualified names that stand in other schemas, `pg_catalog` left out: `[schema, name]`. */
  foreignNames: [schema: string, name: string][];
}

/** Casts that look a name up when the statement runs; only the exact form of `regclass` is rewritten. */
const lookupCasts = new Set(["regclass", "regtype", "regproc", "regprocedure", "regoper", "regoperator", "regconfig"]);

/**
 * Replaces a schema's name where it qualifies a name, so that a dump's statement makes its object in another schema:
 * `vector_layer.t` to `"vector_layer__new".t`, and `'vector_layer.s'::regclass` likewise. Strings, comments and bodies in
 * dollar quotes stay as they are, and give a doubt where they may mean the schema.
 */
export function rewriteQualifier(sql: string, from: string, to: string): Rewritten {
  const tokens = tokenizeSql(sql);
  const result: Rewritten = { sql: "", doubts: [], foreignNames: [] };
  const mention = new RegExp(`(^|[^\\w$"])"?${escapeRegExp(from)}"?\\s*\\.`);
  // COMMENT ON ... IS 'text': the text is for people
  const isComment = identifierOf(tokens.find((token) => token.kind !== "space")) === "comment";
  for (const [at, token] of tokens.entries()) {
    result.sql += token.text;
    const name = identifierOf(token);
    if (name !== undefined && isQualifier(tokens, at)) {
      const target = identifierOf(tokens[at + 2]);
      if (target === undefined) {
        if (name === from) result.doubts.push(`${name}.${tokens[at + 2]?.text ?? ""} is no plain name`);
      } else if (name === from) {
        result.sql = result.sql.slice(0, -token.text.length) + quoteIdentifier(to);
      } else if (name !== "pg_catalog") {
        result.foreignNames.push([name, target]);
      }
      continue;
    }
    if (token.kind === "string" && !isComment) {
      const literal = rewriteLiteral(tokens, at, from, to);
      if (literal !== undefined) {
        if (literal.foreign !== undefined) result.foreignNames.push(literal.foreign);
        result.sql = result.sql.slice(0, -token.text.length) + literal.text;
        continue;
      }
      if (isLookup(tokens, at)) result.doubts.push(`${token.text} is looked up when the statement runs`);
    }
    if ((token.kind === "string" || token.kind === "dollar") && !isComment && mention.test(token.text)) {
      result.doubts.push(`the string ${token.text.slice(0, 60)} names the schema`);
    }
    if (token.kind === "quoted" && name === undefined) result.doubts.push(`${token.text} is an escaped name`);
    if (token.kind === "other" && token.text.length > 1) result.doubts.push("a string or comment does not end");
  }
  return result;
}

/** `name.` that is not itself qualified: the first part of a dotted name. */
function isQualifier(tokens: readonly SqlToken[], at: number): boolean {
  return tokens[at + 1]?.text === "." && tokens[at - 1]?.text !== ".";
}

function castAfter(tokens: readonly SqlToken[], at: number): string | undefined {
  if (tokens[at + 1]?.text !== ":" || tokens[at + 2]?.text !== ":") return undefined;
  return identifierOf(tokens[at + 3]);
}

function isLookup(tokens: readonly SqlToken[], at: number): boolean {
  return lookupCasts.has(castAfter(tokens, at) ?? "");
}

/** `'schema.name'::regclass` and `pg_catalog.setval('schema.name', ...)`, as pg_dump writes them; undefined: another string. */
function rewriteLiteral(
  tokens: readonly SqlToken[],
  at: number,
  from: string,
  to: string,
): { text: string; foreign?: [string, string] } | undefined {
  const text = tokens[at]?.text ?? "";
  if (!text.startsWith("'")) return undefined;
  const isSetval =
    tokens[at - 1]?.text === "(" && identifierOf(tokens[at - 2]) === "setval" && tokens[at + 1]?.text === ",";
  if (!isSetval && castAfter(tokens, at) !== "regclass") return undefined;
  const parts = tokenizeSql(text.slice(1, -1).replaceAll("''", "'"));
  const [schema, name] = [identifierOf(parts[0]), identifierOf(parts[2])];
  if (parts.length !== 3 || parts[1]?.text !== "." || schema === undefined || name === undefined) return undefined;
  if (schema !== from) return schema === "pg_catalog" ? { text } : { text, foreign: [schema, name] };
  const rewritten = `${quoteIdentifier(to)}.${parts[2]?.text ?? ""}`;
  return { text: `'${rewritten.replaceAll("'", "''")}'` };
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
