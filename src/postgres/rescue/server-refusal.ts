import { messageOf } from "../../errors.ts";

/** SQLSTATE of what a server said; undefined for an error that is not the server's. */
function stateOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * Whether the server refused a statement and goes on working: anything but a lost connection, a shutdown, no memory or no
 * space. PostGIS tells of a broken geometry as an internal error (XX000).
 */
export function isRefusal(error: unknown): boolean {
  const state = stateOf(error);
  return state !== undefined && !/^(?:08|53|57|58|XX00[12])/.test(state);
}

/** Whether a row was refused for what stands in it. */
export function isRowRefusal(error: unknown): boolean {
  return isRefusal(error) && (/^(?:22|23|P0)/.test(stateOf(error) ?? "") || refusedLine(error) !== undefined);
}

/**
 * Line of the COPY that was refused, from 1, where the server tells. What stands before it in the context (a line of JSON, of a
 * function) is about something else.
 */
export function refusedLine(error: unknown): number | undefined {
  const where: unknown = error instanceof Error ? Reflect.get(error, "where") : undefined;
  const line = typeof where === "string" ? /^COPY .*?, line (\d+)/m.exec(where)?.[1] : undefined;
  return line === undefined ? undefined : Number(line);
}

/** What the server said, in a line. */
export function refusalText(error: unknown): string {
  return messageOf(error).replaceAll(/\s+/g, " ");
}
