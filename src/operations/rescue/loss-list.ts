import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Loss, describeLoss } from "./loss.ts";

/** Names of the lists in the folder of a rescue. */
export const lossesTextName = "losses.txt";
export const lossesJsonName = "losses.jsonl";
export const leftOutName = "left-out.sql";

/** Collects what is lost, and the statements that were left out. */
export class LossList {
  readonly losses: Loss[] = [];
  readonly #statements: string[] = [];

  add(loss: Loss): void {
    this.losses.push(loss);
  }

  /** A statement that could not be run, to be run later by hand. */
  addStatement(what: string, sql: string, reason: string): void {
    const comment = `${what}: ${reason}`.replaceAll(/[\r\n]+/g, " ");
    this.#statements.push(`-- ${comment}\n${sql.trim()}\n`);
    this.add({ kind: "definition", what, reason, keptAs: leftOutName });
  }

  /** Writes the lists; no file for an empty one. */
  async writeTo(folder: string): Promise<void> {
    const write = (name: string, text: string): Promise<void> =>
      writeFile(join(folder, name), text, { mode: 0o600, flag: "wx" });
    if (this.#statements.length > 0) await write(leftOutName, this.#statements.join("\n"));
    if (this.losses.length === 0) return;
    await write(lossesTextName, this.losses.map((loss) => `${describeLoss(loss)}\n`).join(""));
    await write(lossesJsonName, this.losses.map((loss) => `${JSON.stringify({ type: "loss", ...loss })}\n`).join(""));
  }
}
