import { type Damage, describeDamage } from "../../archive/damage.ts";
import { type AppError, DamagedError, RefusedError } from "../../errors.ts";

/** More problems than this are counted, not listed: one flipped directory entry can give a line an entry. */
const problemsListed = 1000;

/** A reader's error as a line of a list that names the archive by itself. */
export function entryProblem(label: string, error: AppError): string {
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

  /**
   * Takes the error of a reader; one that speaks of anything but damage is thrown on. What looks like the archive of a newer
   * version is damage, too, where something else is damaged already.
   */
  addError(label: string, error: unknown): void {
    const isProblem = error instanceof DamagedError || (error instanceof RefusedError && this.lines.length > 0);
    if (!isProblem) throw error;
    this.add(entryProblem(label, error));
  }

  all(): string[] {
    return this.#more === 0 ? this.lines : [...this.lines, `and ${this.#more} more`];
  }
}
