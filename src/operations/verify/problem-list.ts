import { type Damage, describeDamage } from "../../archive/damage.ts";
import { DamagedError } from "../../errors.ts";

/** More problems than this are counted, not listed: one flipped directory entry can give a line an entry. */
const problemsListed = 1000;

/** A reader's error as a line of a list that names the archive by itself. */
export function entryProblem(label: string, error: DamagedError): string {
  return error.message.startsWith(`${label}: `) ? error.message.slice(label.length + 2) : error.message;
}

/** Collects problems as lines. */
export class ProblemList {
  readonly lines: string[] = [];
  #more = 0;

  add(damage: Damage | string): void {
    if (this.lines.length < problemsListed)
      this.lines.push(typeof damage === "string" ? damage : describeDamage(damage));
    else this.#more += 1;
  }

  /** Takes the error of a reader; one that speaks of anything but damage is thrown on. */
  addError(label: string, error: unknown): void {
    if (!(error instanceof DamagedError)) throw error;
    this.add(entryProblem(label, error));
  }

  all(): string[] {
    return this.#more === 0 ? this.lines : [...this.lines, `and ${this.#more} more`];
  }
}
