/** Definitions that come after the rows, as scripts. */
export interface PostData {
  /** Indexes and constraints of whole tables, a script for each core. */
  lanes: string[];
  /** Foreign keys, triggers and all else, after the others. */
  last: string;
}

const header = "SET search_path = '';\nSET check_function_bodies = false;\n";

/**
 * Deals pg_dump's post-data section out to several sessions: all of a table goes to one, the largest tables first.
 * @param sizes of tables in bytes, by schema and name with a dot between them
 */
export function splitPostData(sql: string, sizes: ReadonlyMap<string, number>, jobs: number): PostData {
  const byTable = new Map<string, string[]>();
  const last: string[] = [];
  for (const entry of sql.split(/^(?=--\n-- Name: )/m)) {
    const type = /^--\n-- Name: .*; Type: ([A-Z ]+);/.exec(entry)?.[1];
    if (type === undefined) continue;
    const table = /(?:ALTER TABLE ONLY|ALTER TABLE|\sON) ([^\s(]+)/.exec(entry)?.[1]?.replaceAll('"', "");
    if ((type !== "INDEX" && type !== "CONSTRAINT") || table === undefined) last.push(entry);
    else byTable.set(table, [...(byTable.get(table) ?? []), entry]);
  }
  const lanes = Array.from({ length: jobs }, () => ({ sizeBytes: 0, sql: header }));
  const tables = [...byTable].toSorted(([a], [b]) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
  for (const [table, entries] of tables) {
    const lane = lanes.reduce((least, other) => (other.sizeBytes < least.sizeBytes ? other : least));
    lane.sizeBytes += (sizes.get(table) ?? 0) + 1;
    lane.sql += entries.join("\n");
  }
  return { lanes: lanes.map((lane) => lane.sql), last: header + last.join("\n") };
}
