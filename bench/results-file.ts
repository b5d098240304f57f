import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Surroundings } from "./surroundings.ts";

/**
 * Writes results as JSON, and says where.
 * @param jsonPath where to; bench/results/<title><time>.json when undefined
 */
export async function writeResults(
  results: object,
  { startedAt, note }: Surroundings,
  jsonPath: string | undefined,
  title = "",
): Promise<void> {
  const time = startedAt.toISOString().slice(0, 19).replaceAll(":", "");
  const path = jsonPath ?? join(import.meta.dirname, "results", `${title}${time}.json`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(results, undefined, 2)}\n`);
  note(`results: ${path}`);
}
