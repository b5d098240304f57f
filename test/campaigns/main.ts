/*
 * `npm run campaign -- NAME`: runs an experiment that tries to break a promise, prints how often each outcome came, and
 * ends with 1 at the first case that does not hold, saying how to repeat it.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ensureMoto } from "../../scripts/moto.ts";
import { ensureServer } from "../../src/cluster/install-server.ts";
import { AppError, ExitCode, UsageError } from "../../src/errors.ts";
import { processContext } from "../../src/process-context.ts";
import { coloursFor } from "../../src/terminal/colours.ts";
import { formatError } from "../../src/terminal/error-text.ts";
import { startTestCluster } from "../fixtures/test-cluster.ts";
import { type ArchiveForm, archiveForms } from "./archives/forms.ts";
import { campaignNames, loadCampaign } from "./registry.ts";
import { CaseFailed, formatTally, runCampaign } from "./run-campaign.ts";

const usage = `usage: npm run campaign -- NAME... [--count N] [--seed S] [--form FORM] [--workers N]

Tries to break a promise, case by case, and fails at the first that does not hold.

  NAME         ${campaignNames.join(", ")}, or all
  --count N    cases; as many as the campaign has in full when left out
  --seed S     the first case's; the following ones count up from it; 1 when left out
  --form FORM  what archives are like: ${archiveForms.join(", ")}; for kill-restore, kill-backup, server and io
  --workers N  cases at once; as many as there are cores when left out
`;

const hint = { hints: ["npm run campaign -- --help"] };
const context = processContext(process);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const failure: unknown = context.signal.aborted ? context.signal.reason : error;
  if (failure instanceof CaseFailed) process.stderr.write(`${failure.message}\n`);
  else process.stderr.write(formatError(failure, { colours: coloursFor(process.stderr, process.env), verbose: true }));
  process.exitCode = failure instanceof AppError ? failure.exitCode : ExitCode.failed;
}

async function main(args: readonly string[]): Promise<number> {
  const { names, count, seed, form, workers, help } = readArguments(args);
  if (help) {
    process.stdout.write(usage);
    return ExitCode.done;
  }
  const { env, signal, isRoot } = context;
  const note = (line: string): void => {
    process.stderr.write(`[${context.now().toISOString().slice(11, 19)}] ${line}\n`);
  };
  await ensureServer({ env, signal, isRoot, note });
  if (form === "s3") await ensureMoto(env, note);
  const cluster = await startTestCluster(signal);
  try {
    for (const name of names) {
      const campaign = await loadCampaign(name);
      if (form !== "plain" && campaign.hasForms !== true)
        throw new UsageError("campaign-usage", `${name} has archives of its own form only`, hint);
      note(`${name}: ${campaign.about}`);
      let notedMs = performance.now();
      const startedMs = notedMs;
      const tally = await runCampaign(campaign, {
        cluster: cluster.address,
        count,
        seed,
        form,
        workers,
        signal,
        note: (line) => note(`${name}: ${line}`),
        onCase(done, total, soFar) {
          if (performance.now() - notedMs < 30_000) return;
          notedMs = performance.now();
          note(`${name}: ${done} of ${total}: ${formatTally(soFar)}`);
        },
      });
      signal.throwIfAborted();
      const seconds = Math.round((performance.now() - startedMs) / 1000);
      process.stdout.write(`${name}: ${formatTally(tally)} (seed ${seed}, ${seconds} s)\n`);
    }
    return ExitCode.done;
  } finally {
    await cluster.stop();
  }
}

function readArguments(args: readonly string[]): {
  names: readonly string[];
  count: number | undefined;
  seed: number;
  form: ArchiveForm;
  workers: number;
  help: boolean;
} {
  const { values, positionals } = parsed(args);
  const help = values.help === true;
  if (positionals.length === 0 && !help) throw new UsageError("campaign-usage", "no campaign is named", hint);
  const names = positionals.includes("all") ? campaignNames : positionals;
  const unknown = names.find((name) => !campaignNames.includes(name));
  if (unknown !== undefined) throw new UsageError("campaign-usage", `there is no campaign ${unknown}`, hint);
  return {
    names,
    count: values.count === undefined ? undefined : wholeNumber("--count", values.count),
    seed: wholeNumber("--seed", values.seed ?? "1"),
    form: formNamed(values.form ?? "plain"),
    workers: wholeNumber("--workers", values.workers ?? String(availableParallelism())),
    help,
  };
}

function parsed(args: readonly string[]): ReturnType<typeof parseFlags> {
  try {
    return parseFlags(args);
  } catch (error) {
    throw new UsageError("campaign-usage", (error as Error).message, { ...hint, cause: error });
  }
}

function parseFlags(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      count: { type: "string" },
      seed: { type: "string" },
      form: { type: "string" },
      workers: { type: "string" },
      help: { type: "boolean" },
    },
  });
}

function formNamed(text: string): ArchiveForm {
  const form = archiveForms.find((one) => one === text);
  if (form === undefined) throw new UsageError("campaign-usage", `there is no form ${text} of archives`, hint);
  return form;
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || (value === 0 && flag !== "--seed")) {
    throw new UsageError("campaign-usage", `${flag} takes a whole number, found ${text}`, hint);
  }
  return value;
}
