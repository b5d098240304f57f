/** What a piece of SQL text is. Joined, the tokens of a text give the text again. */
export interface SqlToken {
  kind: "space" | "comment" | "string" | "dollar" | "quoted" | "word" | "number" | "other";
  text: string;
}

/** Patterns by PostgreSQL's lexical rules (chapter 4.1), with `standard_conforming_strings` on. */
const patterns: readonly [SqlToken["kind"], RegExp][] = [
  ["space", /[ \t\r\n\f\v]+/y],
  ["comment", /--[^\r\n]*/y],
  ["string", /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y],
  ["string", /(?:[uU]&|[bBxXnN])?'(?:[^']|'')*'/y],
  ["dollar", /\$([A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$[\s\S]*?\$\1\$/y],
  ["quoted", /(?:[uU]&)?"(?:[^"]|"")*"/y],
  ["word", /[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/y],
  ["number", /\d[\w.]*/y],
];

/** Cuts SQL text into tokens. An unterminated comment or string is one token of kind `other` that reaches to the end. */
export function tokenizeSql(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  while (at < sql.length) {
    const token = sql.startsWith("/*", at) ? blockComment(sql, at) : tokenAt(sql, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(sql: string, at: number): SqlToken {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(sql)?.[0];
    if (text !== undefined) return { kind, text };
  }
  const character = sql[at] ?? "";
  return { kind: "other", text: character === "'" || character === '"' ? sql.slice(at) : character };
}

/** Block comments nest in PostgreSQL. */
function blockComment(sql: string, start: number): SqlToken {
  let depth = 0;
  let at = start;
  while (at < sql.length) {
    if (sql.startsWith("/*", at)) depth++;
    else if (sql.startsWith("*/", at)) depth--;
    else {
      at++;
      continue;
    }
    at += 2;
    if (depth === 0) return { kind: "comment", text: sql.slice(start, at) };
  }
  return { kind: "other", text: sql.slice(start) };
}

/** The name that an identifier token means: folded when it has no quotes; undefined when the token is none. */
export function identifierOf(token: SqlToken | undefined): string | undefined {
  if (token?.kind === "word") return token.text.toLowerCase();
  if (token?.kind === "quoted" && token.text.startsWith('"')) return token.text.slice(1, -1).replaceAll('""', '"');
  return undefined;
}
