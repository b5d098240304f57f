import { UsageError } from "../errors.ts";

/** Ways in which a text breaks the rules of Python's `RawConfigParser`, in its words. */
export type IniErrorKind = "missing-section-header" | "duplicate-section" | "duplicate-option" | "parsing";

/**
 * A configuration that Python's `RawConfigParser` would refuse (exit 2). Lines are named by number only: what stands
 * there may be a password.
 */
export class IniError extends UsageError {
  readonly kind: IniErrorKind;
  /** Numbers of the offending lines, counted from 1. */
  readonly lines: readonly number[];

  constructor(kind: IniErrorKind, label: string, lines: readonly number[], what: string, hint: string) {
    super(`config-${kind}`, `${label}:${lines[0] ?? 1}: ${what}`, {
      hints: [hint],
      details: lines.length > 1 ? lines.map((line) => `${label}:${line}`) : [],
    });
    this.kind = kind;
    this.lines = lines;
  }
}
