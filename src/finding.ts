/**
 * One line of a preflight: what was looked at and how it stands. `fail` refuses the operation, `warn` is shown and goes on.
 * Every check is reported, not only the first that fails.
 */
export interface Finding {
  level: "ok" | "warn" | "fail";
  /** Short stable name, kebab-case: `sessions`, `template`, `encoding`. */
  check: string;
  /** What was found, for the administrator: lower case, without full stop. */
  message: string;
  /** Lines shown indented under the message: one session, object or statement each. */
  details?: readonly string[];
  /** The next step that mends it, ready to paste where it is a command; several lines where several are needed. */
  hint?: string;
}
