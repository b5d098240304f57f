/*
 * `npm run bench`: makes instances, backs them up, restores and verifies them with ours and with others by turns. Tables go
 * to stdout, progress to stderr, everything to a JSON file.
 */
import { AppError, ExitCode } from "../src/errors.ts";
import { processContext } from "../src/process-context.ts";
import { coloursFor } from "../src/terminal/colours.ts";
import { formatError } from "../src/terminal/error-text.ts";
import { formatDuration } from "../src/terminal/format.ts";
import { parseOptions, usage } from "./options.ts";
import { runBench } from "./run-bench.ts";
import { withSurroundings } from "./surroundings.ts";

const context = processContext(process);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const failure: unknown = context.signal.aborted ? context.signal.reason : error;
  process.stderr.write(formatError(failure, { colours: coloursFor(process.stderr, process.env), verbose: false }));
  process.exitCode = failure instanceof AppError ? failure.exitCode : ExitCode.failed;
}

async function main(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const print = (text: string): void => void process.stdout.write(text);
  const options = parseOptions(args);
  if (options === "help") {
    print(usage);
    return ExitCode.done;
  }
  return withSurroundings(context, options.folder, async (surroundings) => {
    const isComplete = await runBench(options, surroundings, print);
    surroundings.note(`done in ${formatDuration(performance.now() - startedMs)}`);
    return isComplete ? ExitCode.done : ExitCode.failed;
  });
}
