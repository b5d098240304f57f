import { basename } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { BusyError, RefusedError } from "../../errors.ts";
import { lookBack } from "../runs/look-back.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type ArchiveFacts, instanceKey } from "./archive-facts.ts";
import { findOwnInstance } from "./own-instance.ts";
import { lacking, possibleReferrer } from "./plan-prune.ts";
import { openPrunePlace } from "./prune-place.ts";

/** What is known of a place. */
export interface FactsOfPlace {
  archives: readonly ArchiveFacts[];
  /** Of the other places that the configuration names. */
  elsewhere: readonly ArchiveFacts[];
}

/** An archive that somebody wants to be gone. */
export interface RemoveRequest {
  settings: Settings;
  /** A folder or a store's URL. */
  where: string;
  /** Path or URL of the archive in it. */
  path: string;
  /** Looks at all that is there, when nobody writes any more. */
  gather(): Promise<FactsOfPlace>;
  /** Called when nothing stands against it any more, right before it goes. */
  beforeRemoval(): void;
}

/**
 * Removes one archive under the rules of a prune: not while something is at work, none that others need, and not the last sound one
 * of its instance in that place. A damaged one may go.
 * @throws RefusedError archive-missing; referred-to, last-sound, in-use, archive-link, archive-changed when it stays
 */
export async function removeArchive(request: RemoveRequest, access: ArchiveAccess): Promise<void> {
  const { settings, where, path } = request;
  try {
    await refuseUsed(path, settings, access.context.now());
    const own = await findOwnInstance(settings, access.reporter, { isLocking: true, isNamed: true });
    try {
      const place = await openPrunePlace(where, access);
      try {
        await place.lock();
        const { archives, elsewhere } = await request.gather();
        const facts = archives.find((one) => one.path === path);
        if (facts === undefined) throw new RefusedError("archive-missing", `there is no archive ${path}`);
        refuseNeeded(facts, archives, elsewhere);
        await own?.check();
        request.beforeRemoval();
        if (await place.remove(facts)) return;
        throw new RefusedError("archive-changed", `${path} was replaced or removed meanwhile, and is let be`);
      } finally {
        await place.close();
      }
    } finally {
      await own?.release();
    }
  } catch (error) {
    if (!(error instanceof BusyError)) throw error;
    const { message, details, hints } = error;
    throw new RefusedError("in-use", message, { cause: error, details, hints });
  }
}

/** What only reads an archive holds no lock: the history knows it. */
async function refuseUsed(path: string, settings: Settings, now: Date): Promise<void> {
  if (settings.runs.state === undefined) return;
  const running = await lookBack(settings.runs, now, (look) =>
    Promise.resolve(look.runs({ states: ["running"], limit: 100 })),
  );
  // One that was given `latest` does not say which one that is.
  const user = running?.find(({ kind, subject }) =>
    subject === null ? ["verify", "drill", "restore"].includes(kind) : subject.split("\n").includes(path),
  );
  if (user !== undefined)
    throw new RefusedError("in-use", `run ${user.id}, ${user.kind}, is at work with it`, {
      hints: ["wait until it has ended, or stop it"],
    });
}

function refuseNeeded(
  facts: ArchiveFacts,
  archives: readonly ArchiveFacts[],
  elsewhere: readonly ArchiveFacts[],
): void {
  const { path, isLink } = facts;
  if (isLink)
    throw new RefusedError("archive-link", `${path} is a symbolic link, which somebody else has put there`, {
      hints: ["remove it by hand"],
    });
  const name = basename(path);
  const others = [...archives.filter((other) => other !== facts), ...lacking(elsewhere)];
  const referrers = others.filter(({ bases, baseNames }) =>
    facts.sha256 === undefined ? baseNames.includes(name) : bases.includes(facts.sha256),
  );
  if (referrers.length > 0) {
    const names = referrers.map((referrer) => basename(referrer.path));
    throw new RefusedError("referred-to", `${name} is needed by archives that refer to it`, {
      hints: names.map((referrer) => `${referrer} refers to it`),
    });
  }
  const isIncremental = others.some(({ bases }) => bases.length > 0);
  const possible = isIncremental ? possibleReferrer(facts, others) : undefined;
  if (possible !== undefined)
    throw new RefusedError(
      "referred-to",
      `${basename(possible.path)} cannot be read, and may refer to ${name}; nobody can tell`,
      { hints: [`see what is wrong with ${basename(possible.path)} first`] },
    );
  const sound = new Set([facts, ...others].flatMap(({ kind, sha256 }) => (kind === "sound" ? (sha256 ?? []) : [])));
  const group = groupOf(facts, sound);
  if (group !== undefined && archives.filter((one) => groupOf(one, sound) === group).length === 1)
    throw new RefusedError("last-sound", `${name} is the last sound archive of its instance there`, {
      hints: ["make a new backup first"],
    });
}

/** Archives that can stand in for each other; undefined for one that nothing can be restored from. */
function groupOf({ kind, instance, bases }: ArchiveFacts, sound: ReadonlySet<string>): string | undefined {
  switch (kind) {
    case "damaged":
      return undefined;
    case "nextgisweb":
    case "encrypted":
      return kind;
    case "sound":
      if (!bases.every((base) => sound.has(base))) return undefined;
      return `instance ${instance === null ? "" : instanceKey(instance)}`;
  }
}
