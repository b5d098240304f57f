import { AppError, messageOf } from "../../errors.ts";
import { writePublic } from "../../files/write-public.ts";

/**
 * Writes a text file for node_exporter's textfile collector, which is another user.
 * @param pid of this process
 * @throws AppError metrics when it cannot be written; what was there stays
 */
export async function writeMetrics(path: string, text: string, pid: number): Promise<void> {
  try {
    await writePublic(path, text, pid);
  } catch (error) {
    throw new AppError("metrics", `the metrics cannot be written to ${path}: ${messageOf(error)}`, {
      cause: error,
      hints: ["expected a file in node_exporter's textfile folder that this user may write to"],
    });
  }
}
