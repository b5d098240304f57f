import { messageOf } from "../../errors.ts";
import { sqlState } from "../../postgres/connection-errors.ts";

/** What one check of a restored instance came to. */
export interface DrillCheck {
  /** Stable name for scripts: `rows`, `foreign-keys`. */
  check: string;
  /** `skipped`: not looked at, and why; it says nothing for or against the archive. */
  state: "ok" | "bad" | "skipped";
  message: string;
  /** What is wrong, a line each. */
  details: readonly string[];
}

/** Lines that a check shows at most; how many there are stands in its message. */
const mostDetails = 20;

/** A check that looked at something: bad when there are faults. */
export function looked(check: string, message: string, faults: readonly string[]): DrillCheck {
  if (faults.length === 0) return { check, state: "ok", message, details: [] };
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  return { check, state: "bad", message: `${message}: ${count}`, details: faults.slice(0, mostDetails) };
}

/**
 * What a server's answer says against an archive.
 * @throws the error itself when it says something of the server instead: that it is gone, is stopped, or has no memory or room
 */
export function faultOf(error: unknown): string {
  const state = sqlState(error);
  // What is no SQLSTATE, such as EPIPE, comes from the connection.
  if (!/^(?=.*\d)[0-9A-Z]{5}$/.test(state) || /^(?:08|53|57|58)/.test(state)) throw error;
  return messageOf(error);
}

/** A check that could not be made. */
export function skipped(check: string, message: string): DrillCheck {
  return { check, state: "skipped", message, details: [] };
}
