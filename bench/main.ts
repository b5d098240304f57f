/*
 * `npm run bench`: makes instances, backs them up, restores and verifies them with ours and with others by turns. Tables go
 * to stdout, progress to stderr, everything to a JSON file.
 */
import { AppError, ExitCode } from "../src/errors.ts";
import { processContext } from "../src/process-context.ts";
import { coloursFor } from "../src/terminal/colours.ts";
import { formatError } from "../src/terminal/error-text.ts";
import { formatDuration } from "../src/terminal/format.ts";
import { runLatency } from "./latency/run-latency.ts";
import { runModel } from "./model/run-model.ts";
import { type CommonOptions, parseCommonOptions, parseOptions, parseProgressOptions, usage } from "./options.ts";
import { runProgress } from "./progress/run-progress.ts";
import { runBench } from "./run-bench.ts";
import { runStores } from "./stores/run-stores.ts";
import { type Surroundings, withSurroundings } from "./surroundings.ts";
import { runViewers } from "./viewers/run-viewers.ts";

const context = processContext(process);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const failure: unknown = context.signal.aborted ? context.signal.reason : error;
  process.stderr.write(formatError(failure, { colours: coloursFor(process.stderr, process.env), verbose: false }));
  process.exitCode = failure instanceof AppError ? failure.exitCode : ExitCode.failed;
}

async function main(args: readonly string[]): Promise<number> {
  const print = (text: string): void => void process.stdout.write(text);
  if (args.includes("--help")) {
    print(usage);
    return ExitCode.done;
  }
  const startedMs = performance.now();
  const [part, ...others] = args;
  let isComplete = true;
  if (part === "latency") await measurement(parseCommonOptions(others), print, runLatency);
  else if (part === "model") await measurement(parseCommonOptions(others), print, runModel);
  else if (part === "stores") await measurement(parseCommonOptions(others), print, runStores);
  else if (part === "viewers") await measurement(parseCommonOptions(others), print, runViewers);
  else if (part === "progress") await measurement(parseProgressOptions(others), print, runProgress);
  else isComplete = await comparison(args, print);
  process.stderr.write(`done in ${formatDuration(performance.now() - startedMs)}\n`);
  return isComplete ? ExitCode.done : ExitCode.failed;
}

async function comparison(args: readonly string[], print: Print): Promise<boolean> {
  const options = parseOptions(args);
  return withSurroundings(context, options.folder, (surroundings) => runBench(options, surroundings, print));
}

async function measurement<Options extends CommonOptions>(
  options: Options,
  print: Print,
  run: (options: Options, surroundings: Surroundings, print: Print) => Promise<void>,
): Promise<void> {
  await withSurroundings(context, options.folder, (surroundings) => run(options, surroundings, print));
}

type Print = (text: string) => void;
