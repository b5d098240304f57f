import { DamagedError } from "../errors.ts";

/** One thing that is wrong with an archive: what, where, expected and found. */
export interface Damage {
  /** What is wrong, lower case, without full stop. */
  what: string;
  /** Entry it concerns; undefined when it concerns the whole archive. */
  entry?: string;
  /** Offset in the archive file; undefined where there is none (a folder, a line of the manifest). */
  offsetBytes?: number;
  expected: string;
  found: string;
}

/** Takes a damage: a reader throws it at once, a checker keeps it and goes on. */
export type DamageHandler = (damage: Damage) => void;

const longestShown = 200;

/**
 * An untrusted text made fit for a message: control, format and unassigned characters escaped, long ones cut.
 * @param text a name or value out of an archive
 */
export function printable(text: string): string {
  const cut = text.length > longestShown ? `${text.slice(0, longestShown)}...` : text;
  return cut.replaceAll(/[\p{C}\u2028\u2029]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** One line for people: entry, what, offset, expected, found; without the archive's name. */
export function describeDamage(damage: Damage): string {
  const entry = damage.entry === undefined ? "" : `entry ${printable(damage.entry)}: `;
  const offset = damage.offsetBytes === undefined ? "" : ` at offset ${damage.offsetBytes}`;
  const [what, expected, found] = [damage.what, damage.expected, damage.found].map(printable);
  return `${entry}${what}${offset}: expected ${expected}, found ${found}`;
}

/**
 * The error for a damage (exit 5).
 * @param label path or URL of the archive
 */
export function damagedError(label: string, damage: Damage, cause?: unknown): DamagedError {
  const options = cause === undefined ? {} : { cause };
  return new DamagedError("archive-damaged", `${label}: ${describeDamage(damage)}`, options);
}

/** A handler that throws the {@link DamagedError} of the first damage. */
export function throwDamage(label: string): DamageHandler {
  return (damage) => {
    throw damagedError(label, damage);
  };
}
