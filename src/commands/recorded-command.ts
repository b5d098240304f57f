import { loadSettings } from "../config/settings.ts";
import { endingOf } from "../ending.ts";
import { AppError, ExitCode } from "../errors.ts";
import { type RunError, hasSucceeded } from "../history/run.ts";
import type { NewsCollector } from "../operations/runs/collect-news.ts";
import { recordRun } from "../operations/runs/record-run.ts";
import { latestName } from "../operations/list/latest-name.ts";
import { notifyRun } from "../operations/runs/notify-run.ts";
import { nameArchive } from "../operations/runs/name-archive.ts";
import { endedFacts } from "../operations/runs/run-facts.ts";
import { runHook } from "../operations/runs/run-hook.ts";
import { errorRecord } from "../terminal/error-text.ts";
import type { CommandOutput } from "../terminal/output.ts";
import type { CommandContext, RecordedCommand } from "./command.ts";

/**
 * Does a command's work as a run: what it tells, and how it ends, goes into the history. The command's result is printed
 * when that is done. Hooks run around it, and whoever wants to know is told. Where there is no
 * configuration, there is none of this.
 * @param configPaths those of `--config`
 * @param work the command; what it throws is thrown again
 */
export async function runRecorded(
  command: CommandContext,
  { kind, archives = [] }: RecordedCommand,
  configPaths: readonly string[],
  work: (command: CommandContext) => Promise<void>,
): Promise<void> {
  const { env, cwd } = command;
  // What is wrong with the configuration is the command's to tell, if it needs one at all.
  const settings = await loadSettings({ env, cwd, configPaths }).catch(() => undefined);
  if (settings === undefined) return await work(command);
  const named = archives.map((archive) => nameArchive(archive, cwd));
  // Which one is the latest is known at the end.
  const isKnown = named.length > 0 && !archives.includes(latestName);
  const plan = { kind, subject: isKnown ? named.join("\n") : null };
  const run = await recordRun(plan, settings, command, command.output);
  const kept = new KeptOutput(command.output, run.news);
  const { hooks } = settings.runs;
  let exitCode: number = ExitCode.done;
  let failure: { error: unknown } | undefined;
  try {
    await runHook("before", hooks, run.facts, command, kept.output);
    await work({
      ...command,
      output: kept.output,
      setExitCode(code) {
        exitCode = code;
        command.setExitCode(code);
      },
    });
  } catch (error) {
    failure = { error };
    exitCode = endingOf(error, command.signal).exitCode;
  }
  command.output.close();
  run.news.endStage();
  const error = failure === undefined ? null : noteError(run.news, endingOf(failure.error, command.signal).error);
  const ended = await run.describeEnd({ exitCode, error, summary: kept.summary });
  // Whatever becomes of the hooks, the run is over.
  await run.save(ended);
  const event = hasSucceeded(ended.state) ? "after" : "on-error";
  const facts = endedFacts(run.facts, ended);
  await runHook(event, hooks, facts, command, kept.output);
  await notifyRun(settings.runs.channels, facts, ended, run.history(), kept.output);
  await run.save(ended);
  await run.close();
  if (failure !== undefined) throw failure.error;
  kept.print();
}

/** Puts an error into the log; gives it as the history keeps it. */
function noteError(news: NewsCollector, error: unknown): RunError {
  const record = errorRecord(error);
  const message = String(record["message"]);
  news.line("error", message);
  for (const detail of error instanceof AppError ? error.details : []) news.line("error", `  ${detail}`);
  return { code: String(record["code"]), message: firstLine(message), hint: textOrNull(record["hint"]) };
}

/** A command's output whose news are collected, too, and whose result is held back. */
class KeptOutput {
  readonly output: CommandOutput;
  readonly #printed: CommandOutput;
  #result: { summary: Readonly<Record<string, unknown>>; text: string | undefined } | undefined;

  constructor(printed: CommandOutput, news: NewsCollector) {
    this.#printed = printed;
    this.output = {
      json: printed.json,
      report(event) {
        news.take(event);
        printed.report(event);
      },
      finish: (summary, text) => {
        printed.close();
        this.#result = { summary, text };
      },
      note(text) {
        news.line("message", text);
        printed.note(text);
      },
      close: () => printed.close(),
    };
  }

  get summary(): Readonly<Record<string, unknown>> | null {
    return this.#result?.summary ?? null;
  }

  print(): void {
    if (this.#result !== undefined) this.#printed.finish(this.#result.summary, this.#result.text);
  }
}

/** An unexpected error comes with its stack, which the log has. */
function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
