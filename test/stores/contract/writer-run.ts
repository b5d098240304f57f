import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { StoreRecipe } from "./store-world.ts";

/** A process that has written to a store and waits (writer-process.ts). */
export interface WriterRun {
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>;
  /** Lets it finish the object and end. @throws Error with its complaint when it fails */
  finish(): Promise<void>;
}

/** Starts a process that creates an object and gives it bytes; resolves when the store has taken them. */
export async function startWriter(recipe: StoreRecipe, name: string, bytes: number): Promise<WriterRun> {
  const script = join(import.meta.dirname, "writer-process.ts");
  const args = ["--disable-warning=ExperimentalWarning", script, JSON.stringify(recipe), name, String(bytes)];
  const child = spawn(process.execPath, args, { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = once(child, "close");
  const written = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.startsWith("written\n")) resolve();
    });
    child.once("close", () => reject(new Error(`the writer ended early: ${stderr}`)));
  });
  await written;
  return {
    async kill() {
      child.kill("SIGKILL");
      await closed;
    },
    async finish() {
      child.stdin.end("finish\n");
      await closed;
      if (!stdout.endsWith("finished\n")) throw new Error(`the writer did not finish: ${stderr}`);
    },
  };
}
