/**
 * A name as an SQL identifier, always in double quotes.
 * @throws RangeError when the name holds a NUL character, which PostgreSQL cannot store
 */
export function quoteIdentifier(name: string): string {
  refuseNul(name);
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * A text as an SQL string literal that means the same whatever `standard_conforming_strings` is.
 * @throws RangeError when the text holds a NUL character
 */
export function quoteLiteral(text: string): string {
  refuseNul(text);
  const doubled = text.replaceAll("'", "''");
  return doubled.includes("\\") ? ` E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}

/** `"schema"."name"`. */
export function qualifiedName(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

function refuseNul(text: string): void {
  if (text.includes("\0")) throw new RangeError("an SQL name or text cannot hold a NUL character");
}
