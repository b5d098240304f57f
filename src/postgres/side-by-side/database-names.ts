/** Longest name that PostgreSQL keeps: NAMEDATALEN - 1, in bytes. */
const longestNameBytes = 63;

/**
 * `<name>_restore_<yyyymmddhhmmss>_<run>`: the name of a database that we make or set aside. A long name of the instance is
 * shortened at a character, so that ours is never cut off by the server.
 */
export function besideName(of: string, kind: "restore" | "previous" | "undone", at: Date, runId: string): string {
  const time = at.toISOString().replaceAll(/\D/g, "").slice(0, 14);
  const suffix = `_${kind}_${time}_${runId}`;
  let base = "";
  for (const character of of) {
    if (Buffer.byteLength(base + character + suffix) > longestNameBytes) break;
    base += character;
  }
  return base + suffix;
}
