import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "../../cluster/cluster.ts";
import { ensureServer } from "../../cluster/install-server.ts";
import { formatBytes, formatCount, formatDuration } from "../../terminal/format.ts";
import { fingerprintInstance } from "../fingerprint.ts";
import { demoScale, type Scale } from "../scale.ts";
import { startWriters } from "../writers.ts";
import { compareRestored } from "./compare.ts";
import { createPrivateInstance, type PrivateInstance, wreck } from "./private-instance.ts";
import { runCommand } from "./run-command.ts";
import { preparePast, showPage } from "./show-page.ts";

/** What the walk-through is given. */
export interface DemoOptions {
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** Whether missing packages can be installed. */
  isRoot: boolean;
  /** Takes the walk-through line by line, without line ends. */
  print: (line: string) => void;
  /** How much the instance holds; {@link demoScale} when left out. */
  scale?: Scale;
  /** Afterwards the page is served, with a month of made-up runs to look at, until the signal is aborted. */
  isServed?: boolean;
}

/** How long each step took, in the order in which they came. */
export interface DemoResult {
  steps: { step: string; milliseconds: number }[];
}

/**
 * Shows all of it on a made-up instance in a private cluster: backup while clients write, verification, wreckage, restore,
 * comparison. Nothing runs and no file is left when it returns, however it ends.
 * @throws RefusedError when PostgreSQL with PostGIS is not installed, and cannot be
 * @throws AppError when a command fails or the restored instance differs; the signal's reason when it is aborted
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { env, signal, isRoot, print } = options;
  const steps: DemoResult["steps"] = [];
  const startedMs = performance.now();
  const folder = await mkdtemp(join(env["TMPDIR"] ?? tmpdir(), "ngwbackup-demo-"));
  const started: { cluster?: Cluster } = {};
  const step: Step = async (title, action) => {
    signal.throwIfAborted();
    print(`${steps.length + 1}. ${title}`);
    const beganMs = performance.now();
    const result = await action((line) => print(`   ${line}`));
    const milliseconds = Math.round(performance.now() - beganMs);
    steps.push({ step: title, milliseconds });
    print(`   (${formatDuration(milliseconds)})`);
    print("");
    return result;
  };
  try {
    const cluster = await step("A private PostgreSQL with PostGIS", async (say) => {
      const server = await ensureServer({ env, signal, isRoot, note: say });
      started.cluster = await startUnderOwnSignal(signal, (own) => startCluster({ env, signal: own, server }));
      say(`PostgreSQL ${server.version} on a socket of its own; no other server is touched`);
      return started.cluster;
    });
    const instance = await walk(step, cluster, folder, options);
    const tookMs = performance.now() - startedMs;
    const isServed = options.isServed ?? false;
    print(
      `Everything came back, in ${formatDuration(tookMs)} all in all.${isServed ? "" : " Nothing is left running."}`,
    );
    if (isServed) print("");
    if (isServed) await serve(step, instance, folder, options);
    return { steps };
  } catch (error) {
    // What fails because we were told to stop is no news.
    signal.throwIfAborted();
    throw error;
  } finally {
    await started.cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Say = (line: string) => void;
type Step = <T>(title: string, action: (say: Say) => Promise<T>) => Promise<T>;

async function walk(step: Step, cluster: Cluster, folder: string, options: DemoOptions): Promise<PrivateInstance> {
  const instance = await step("An instance as NextGIS Web 5.5 has it", async (say) => {
    const made = await stoppable(cluster, options.signal, () =>
      createPrivateInstance(cluster, folder, options.scale ?? demoScale),
    );
    say(`${made.layerUuids.length} vector layers, ${formatCount(made.blobs)} files of ${formatBytes(made.blobBytes)}`);
    say("its config.ini, which is all that ngwbackup is told:");
    for (const line of made.configText.trimEnd().split("\n")) say(`  ${line}`);
    if (options.isServed === true) await preparePast(made, options.isRoot);
    return made;
  });
  const before = await step("Its fingerprint, for the comparison at the end", () =>
    stoppable(cluster, options.signal, () =>
      fingerprintInstance(instance.settings, instance.fileStoragePath, instance.fontPath),
    ),
  );
  const archive = await step("Backup, while three clients upload, delete and count", (say) =>
    backupUnderLoad(instance, folder, options, say),
  );
  await step("Verification of every byte", (say) => ngwbackup(["verify", archive], instance, folder, options, say));
  await step("The bad day", async (say) => {
    for (const line of await wreck(instance)) say(line);
  });
  await step("Restore (on a real server: systemctl stop ngw.service before it, start after it)", (say) =>
    ngwbackup(["restore", "--yes", archive], instance, folder, options, say),
  );
  await step("Comparison of everything with what it was", async (say) => {
    const compared = await stoppable(cluster, options.signal, () => compareRestored(before, instance));
    for (const line of compared) say(line);
  });
  return instance;
}

/** Adds to what there is to look at, and serves the page until somebody stops it, which is its usual end. */
async function serve(step: Step, instance: PrivateInstance, folder: string, options: DemoOptions): Promise<void> {
  const run = (args: readonly string[], say: Say): Promise<string> => ngwbackup(args, instance, folder, options, say);
  await step("An increment, and a drill", async (say) => {
    await run(["backup", "--base", "latest", "--tag", "demo"], say);
    await run(["drill"], say);
  });
  try {
    await step("The page", (say) => showPage(folder, run, say));
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

async function backupUnderLoad(
  instance: PrivateInstance,
  folder: string,
  options: DemoOptions,
  say: Say,
): Promise<string> {
  const { settings, fileStoragePath } = instance;
  const writers = await startWriters({ settings, fileStoragePath });
  let archive: string;
  try {
    archive = (await ngwbackup(["backup"], instance, folder, options, say)).trim();
  } finally {
    const { uploads, deletions, counts } = await writers.stop();
    const done = `${formatCount(uploads)} uploads, ${formatCount(deletions)} deletions, ${formatCount(counts)} counts`;
    say(`meanwhile: ${done}`);
  }
  say(`the archive takes ${formatBytes((await stat(archive)).size)}`);
  return archive;
}

async function ngwbackup(
  args: readonly string[],
  instance: PrivateInstance,
  folder: string,
  { env, signal }: DemoOptions,
  say: Say,
): Promise<string> {
  say(`$ ngwbackup ${args.join(" ")}`);
  // The instance's own configuration is all that counts, whatever the environment says.
  const kept = Object.entries(env).filter(([name]) => !/^(PG[A-Z]|NEXTGISWEB)/.test(name));
  return runCommand({
    args,
    env: { ...Object.fromEntries(kept), NEXTGISWEB_CONFIG: instance.configPath },
    cwd: folder,
    signal,
    onLine: (line) => say(`  ${line}`),
  });
}

/** Long queries of our own end at once when the server does. */
async function stoppable<T>(cluster: Cluster, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  const onAbort = (): void => void cluster.stop();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await action();
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Once it runs, the cluster must outlive the signal: programs that are still stopping need it. */
async function startUnderOwnSignal<T>(signal: AbortSignal, start: (own: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController();
  const onAbort = (): void => own.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await start(own.signal);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
