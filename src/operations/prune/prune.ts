import type { Settings } from "../../config/settings.ts";
import { AppError, UsageError } from "../../errors.ts";
import { type RetentionPolicy, isEmptyPolicy } from "../../retention/policy.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type ArchiveFacts, gatherFacts, instanceKey } from "./archive-facts.ts";
import { factsElsewhere } from "./elsewhere.ts";
import { type OwnInstance, findOwnInstance } from "./own-instance.ts";
import { type PlannedArchive, planPrune, removalOrder } from "./plan-prune.ts";
import { type PrunePlace, openPrunePlace } from "./prune-place.ts";

/** What is asked of a prune. */
export interface PruneRequest {
  settings: Settings;
  /** A folder or a store's URL. */
  where: string;
  policy: RetentionPolicy;
  /** Keys of instances whose archives are pruned, `all`, or undefined: those of the configured instance. */
  instances: readonly string[] | "all" | undefined;
  /** Those that NextGIS Web itself wrote, too. */
  includeNextgisweb: boolean;
  /** Those that are encrypted and that no key is at hand for, too. */
  includeEncrypted: boolean;
  dryRun: boolean;
  /** Name of the archive that a backup has just written there; it stays. */
  fresh?: string;
}

/** What came of it. */
export interface PruneResult {
  /** Newest first. */
  archives: PlannedArchive[];
  /** Archives that are gone, or would be. */
  removed: number;
  removedBytes: number;
}

/**
 * Removes the archives that no rule keeps, each as a whole, and what dead runs left half-written. Without a rule nothing is
 * touched.
 * @throws UsageError no-rules, several-instances; BusyError (exit 6) when a backup, a restore or another prune is at work;
 * RefusedError when there is no such place, or instance-unknown when the database cannot be reached and no instance is named
 */
export async function prune(request: PruneRequest, access: ArchiveAccess): Promise<PruneResult> {
  const { settings, where, policy, dryRun } = request;
  const { reporter, context } = access;
  if (isEmptyPolicy(policy))
    throw new UsageError("no-rules", "no rule says what is kept, so nothing is removed", {
      hints: ["give rules, such as --keep-daily 7 --keep-weekly 5 --keep-monthly 12", "or set the options keep..."],
    });
  const own = await findOwnInstance(settings, reporter, {
    isLocking: !dryRun,
    isNamed: request.instances !== undefined,
  });
  try {
    const place = await openPrunePlace(where, access);
    try {
      if (!dryRun) await place.lock();
      const archives = await gatherFacts(where, access);
      const elsewhere = await factsElsewhere(settings, where, access);
      const scope = { ...request, elsewhere, instances: chosenInstances(archives, request, own?.key, access) };
      const planned = planPrune(archives, policy, scope, context.now());
      for (const { facts, reasons } of planned)
        if (facts.kind === "damaged")
          reporter.report({ type: "warning", code: "damaged", message: `${facts.path} is ${reasons.join(", ")}` });
      let leaving = planned.filter(({ action }) => action === "remove").map(({ facts }) => facts);
      if (!dryRun) {
        for (const path of await place.clearDead())
          reporter.report({ type: "message", message: `removed ${path}, which a run that died has left` });
        leaving = await removeAll(removalOrder(leaving), place, own, access);
      }
      const removedBytes = leaving.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      return { archives: planned, removed: leaving.length, removedBytes };
    } finally {
      await place.close();
    }
  } finally {
    await own?.release();
  }
}

/** @returns those that are gone */
async function removeAll(
  archives: readonly ArchiveFacts[],
  place: PrunePlace,
  own: OwnInstance | undefined,
  { context, reporter }: ArchiveAccess,
): Promise<ArchiveFacts[]> {
  const gone: ArchiveFacts[] = [];
  for (const facts of archives) {
    try {
      await own?.check();
      if (await place.remove(facts)) {
        gone.push(facts);
        reporter.report({ type: "message", message: `removed ${facts.path}` });
        continue;
      }
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      const { details, hints } = error;
      const message = `${gone.length} of ${archives.length} archives are removed, then: ${error.message}`;
      throw new AppError("prune-stopped", message, { cause: error, details, hints });
    }
    reporter.report({
      type: "warning",
      code: "archive-changed",
      message: `${facts.path} was replaced or removed meanwhile, and is let be`,
    });
  }
  return gone;
}

/** Whose archives are pruned; undefined: everybody's. */
function chosenInstances(
  archives: readonly ArchiveFacts[],
  { instances, where }: PruneRequest,
  own: string | undefined,
  { reporter }: ArchiveAccess,
): ReadonlySet<string> | undefined {
  if (instances === "all") return undefined;
  const there = new Set(archives.flatMap(({ instance }) => (instance === null ? [] : instanceKey(instance))));
  if (instances !== undefined) {
    const unknown = instances.find((key) => !there.has(key));
    if (unknown === undefined) return new Set(instances);
    throw new UsageError("no-instance", `no archive in ${where} is of instance ${unknown}`, { details: [...there] });
  }
  if (own !== undefined) {
    if (there.size > 0 && !there.has(own)) {
      const message = `no archive in ${where} is of the configured instance, ${own}`;
      reporter.report({ type: "warning", code: "no-instance", message, details: [...there] });
    }
    return new Set([own]);
  }
  if (there.size <= 1) return there;
  throw new UsageError("several-instances", `${where} holds archives of ${there.size} instances`, {
    details: [...there],
    hints: ["name one: --instance ID", "or prune them all, each by itself: --all-instances"],
  });
}
