import { basename } from "node:path";
import { applyPolicy } from "../../retention/apply-policy.ts";
import type { RetentionPolicy } from "../../retention/policy.ts";
import { type ArchiveFacts, instanceKey } from "./archive-facts.ts";

/** What happens to an archive, and why. */
export interface PlannedArchive {
  facts: ArchiveFacts;
  action: "keep" | "remove";
  /** Why it stays; empty for one that goes. */
  reasons: string[];
}

/** Which archives rules are applied to. */
export interface PruneScope {
  /** Keys of instances; undefined: all. */
  instances: ReadonlySet<string> | undefined;
  /** Archives that NextGIS Web itself wrote, too. */
  includeNextgisweb: boolean;
  /** Archives that are encrypted and that no key is at hand for, too. */
  includeEncrypted: boolean;
  /** Archives of other places, which stay, and which may refer to these or be referred to by them. */
  elsewhere: readonly ArchiveFacts[];
  /** Name of an archive that was written just now; it stays. */
  fresh?: string;
}

/**
 * Decides what stays. The policy is applied to the archives of each instance by themselves, to those of NextGIS Web, and to
 * those that cannot be decrypted. Only sound ones count, so that a damaged one never makes another go, nor an incremental one
 * whose base is missing or damaged; both stay. So does what a staying one refers to, and the newest where the rules keep none.
 * @returns newest first
 */
export function planPrune(
  archives: readonly ArchiveFacts[],
  policy: RetentionPolicy,
  scope: PruneScope,
  now: Date,
): PlannedArchive[] {
  const reasons = new Map<ArchiveFacts, string[]>();
  const groups = new Map<string, ArchiveFacts[]>();
  const sound = new Set(
    [...archives, ...scope.elsewhere].flatMap(({ kind, sha256 }) =>
      kind === "sound" && sha256 !== undefined ? sha256 : [],
    ),
  );
  for (const facts of archives) {
    const exemption = exemptionOf(facts, scope, sound);
    if (exemption !== undefined) reasons.set(facts, [exemption]);
    else {
      const key = facts.instance === null ? facts.kind : `instance ${instanceKey(facts.instance)}`;
      groups.set(key, [...(groups.get(key) ?? []), facts]);
    }
  }
  for (const group of groups.values()) {
    // Of two of one moment, as consolidate makes them, the one that needs no other is taken.
    const selfSufficientFirst = group.toSorted((a, b) => a.bases.length - b.bases.length);
    const judged = applyPolicy(selfSufficientFirst, policy, now);
    const first = judged[0];
    if (first !== undefined && judged.every((one) => one.reasons.length === 0))
      first.reasons.push("last sound archive");
    for (const { item, reasons: why } of judged) {
      // Archives of a clock that was ahead are newer for every rule.
      if (why.length === 0 && basename(item.path) === scope.fresh) why.push("just written");
      reasons.set(item, why);
    }
  }
  keepWhatMayBeReferredTo(reasons, scope.elsewhere);
  keepBases(reasons, lacking(scope.elsewhere));
  return archives
    .map((facts): PlannedArchive => {
      const why = reasons.get(facts) ?? [];
      return { facts, action: why.length === 0 ? "remove" : "keep", reasons: why };
    })
    .toSorted((a, b) => b.facts.time.getTime() - a.facts.time.getTime());
}

/** Why rules do not concern an archive; undefined when they do. */
function exemptionOf(facts: ArchiveFacts, scope: PruneScope, sound: ReadonlySet<string>): string | undefined {
  // What it leads to would go as one of two, and the link be kept for the other.
  if (facts.isLink) return "a symbolic link";
  switch (facts.kind) {
    case "damaged":
      return `damaged: ${facts.problem ?? "it cannot be read"}`;
    case "nextgisweb":
      return scope.includeNextgisweb ? undefined : "by NextGIS Web";
    case "encrypted":
      return scope.includeEncrypted ? undefined : "encrypted, and no key is at hand";
    case "sound": {
      if (facts.instance !== null && scope.instances?.has(instanceKey(facts.instance)) === false)
        return "of another instance";
      return facts.bases.every((base) => sound.has(base)) ? undefined : "its base is missing or damaged";
    }
  }
}

/**
 * What an archive refers to that cannot be read nobody knows: where there are incremental ones, all that is older than it stays.
 */
function keepWhatMayBeReferredTo(
  reasons: ReadonlyMap<ArchiveFacts, string[]>,
  elsewhere: readonly ArchiveFacts[],
): void {
  if (![...reasons.keys(), ...elsewhere].some(({ bases }) => bases.length > 0)) return;
  const staying = [...reasons].filter(([, why]) => why.length > 0).map(([facts]) => facts);
  for (const [facts, why] of reasons) {
    const referrer = possibleReferrer(facts, [...staying, ...elsewhere]);
    if (why.length === 0 && referrer !== undefined)
      why.push(`${basename(referrer.path)} cannot be read, and may refer to it`);
  }
}

/** One of these archives, which cannot be read, that may refer to an archive. */
export function possibleReferrer(facts: ArchiveFacts, others: readonly ArchiveFacts[]): ArchiveFacts | undefined {
  if (facts.kind === "nextgisweb") return undefined;
  return others.find(
    (other) =>
      other !== facts && (other.kind === "damaged" || other.kind === "encrypted") && other.modifiedAt > facts.time,
  );
}

/** Archives of other places, with what they refer to and what is not there itself. */
export function lacking(elsewhere: readonly ArchiveFacts[]): ArchiveFacts[] {
  const there = new Set(elsewhere.map(({ sha256 }) => sha256));
  return elsewhere.map((facts) => ({ ...facts, bases: facts.bases.filter((base) => !there.has(base)) }));
}

/** Keeps what one that stays refers to, here or elsewhere, and what that refers to in turn. */
function keepBases(reasons: ReadonlyMap<ArchiveFacts, string[]>, elsewhere: readonly ArchiveFacts[]): void {
  const staying = [...reasons].filter(([, why]) => why.length > 0).map(([facts]) => facts);
  const waiting = [...staying, ...elsewhere];
  for (let facts = waiting.shift(); facts !== undefined; facts = waiting.shift()) {
    for (const [base, why] of reasons) {
      if (base === facts || base.sha256 === undefined || !facts.bases.includes(base.sha256)) continue;
      if (why.length === 0) waiting.push(base);
      why.push(`base of ${basename(facts.path)}`);
    }
  }
}

/**
 * The order in which archives go: oldest first, but none before all that refer to it, so that whatever an interruption leaves
 * is whole.
 */
export function removalOrder(removed: readonly ArchiveFacts[]): ArchiveFacts[] {
  const left = new Set(removed.toSorted((a, b) => a.time.getTime() - b.time.getTime()));
  const ordered: ArchiveFacts[] = [];
  const isNeeded = ({ sha256 }: ArchiveFacts, self: ArchiveFacts): boolean =>
    sha256 !== undefined && [...left].some((other) => other !== self && other.bases.includes(sha256));
  while (left.size > 0) {
    // No archive knows the digest of one that comes after it, so there is always one that none refers to.
    const next = [...left].find((facts) => !isNeeded(facts, facts));
    if (next === undefined) break;
    left.delete(next);
    ordered.push(next);
  }
  return ordered;
}
