import type { History } from "./history.ts";

/** Something that somebody was told of, and that is not over. */
export interface Alert {
  /** What it is about: a kind of run, or `status`. */
  name: string;
  /** What was told: `failure`, for example. */
  event: string;
  /** When it was told last, milliseconds since 1970. */
  since: number;
}

/** An alert that is open. */
export function readAlert({ database }: History, name: string): Alert | undefined {
  const row = database.prepare("SELECT name, event, since FROM alert WHERE name = ?").get(name);
  return row === undefined
    ? undefined
    : { name: String(row["name"]), event: String(row["event"]), since: Number(row["since"]) };
}

/** Opens an alert, or tells that it was told again. */
export function openAlert({ database }: History, { name, event, since }: Alert): void {
  database
    .prepare(
      "INSERT INTO alert VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET event = excluded.event, since = excluded.since",
    )
    .run(name, event, since);
}

/** Closes an alert, if it is open. */
export function closeAlert({ database }: History, name: string): void {
  database.prepare("DELETE FROM alert WHERE name = ?").run(name);
}
