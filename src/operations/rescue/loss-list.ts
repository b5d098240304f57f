import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Loss, describeLoss } from "./loss.ts";

/** Names of the lists in the folder of a rescue. */
export const lossesTextName = "losses.txt";
export const lossesJsonName = "losses.jsonl";
export const leftOutName = "left-out.sql";
export const leftOutJsonName = "left-out.jsonl";

interface LeftOut {
  what: string;
  reason: string;
  sql: string;
}

/** Collects what is lost, and the statements that were left out. */
export class LossList {
  readonly losses: Loss[] = [];
  readonly #statements: LeftOut[] = [];

  add(loss: Loss): void {
    this.losses.push(loss);
  }

  /** A statement that could not be run, to be run later by hand. */
  addStatement(what: string, sql: string, reason: string): void {
    this.#statements.push({ what, reason, sql: sql.trim() });
    this.add({ kind: "definition", what, reason, keptAs: leftOutName });
  }

  /** Writes the lists; no file for an empty one. */
  async writeTo(folder: string): Promise<void> {
    const write = (name: string, text: string): Promise<void> =>
      writeFile(join(folder, name), text, { mode: 0o600, flag: "wx" });
    if (this.#statements.length > 0) {
      await write(leftOutName, this.#statements.map(forPsql).join("\n"));
      await write(leftOutJsonName, this.#statements.map((statement) => `${JSON.stringify(statement)}\n`).join(""));
    }
    if (this.losses.length === 0) return;
    await write(lossesTextName, this.losses.map((loss) => `${describeLoss(loss)}\n`).join(""));
    await write(lossesJsonName, this.losses.map((loss) => `${JSON.stringify({ type: "loss", ...loss })}\n`).join(""));
  }
}

/**
 * A statement for a file that psql is given. psql takes a backslash outside of quotes for a command of its own, of which one runs
 * programs, and whoever made the archive may have left a quote open: so there is no backslash in all of the file.
 */
function forPsql({ what, reason, sql }: LeftOut): string {
  const comment = `-- ${what}: ${reason}`.replaceAll(/[\r\n]+/g, " ").replaceAll("\\", "/");
  if (!sql.includes("\\")) return `${comment}\n${sql}\n`;
  return `${comment}\n-- it holds a backslash, which psql may take for a command of its own: look at it in ${leftOutJsonName}\n`;
}
