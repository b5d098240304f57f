import { resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { systemCode } from "../../disk-errors.ts";
import { AppError } from "../../errors.ts";
import { parseLocation } from "../../stores/location.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type ArchiveFacts, gatherFacts } from "./archive-facts.ts";

/**
 * The archives of the other places that the configuration names, which may refer to some of the place that is pruned.
 * @param where the place that is pruned
 * @throws RefusedError, AppError when one cannot be looked into: then nobody knows what must stay
 */
export async function factsElsewhere(
  settings: Settings,
  where: string,
  access: ArchiveAccess,
): Promise<ArchiveFacts[]> {
  const { cwd } = access.context;
  const facts: ArchiveFacts[] = [];
  for (const place of placesOf(settings)) {
    if (samePlace(place, cwd) === samePlace(where, cwd)) continue;
    try {
      facts.push(...(await gatherFacts(place, access)));
    } catch (error) {
      // Nothing was ever written there.
      if (!(error instanceof AppError) || systemCode(error.cause) !== "ENOENT") throw error;
    }
  }
  return facts;
}

/** Where archives of the configured instance are, as far as it says. */
function placesOf({ backup, ngwbackup }: Settings): string[] {
  return [backup.place, ngwbackup.basePath].filter((place) => place !== undefined);
}

function samePlace(place: string, cwd: string): string {
  return parseLocation(place).kind === "local" ? resolve(cwd, place) : place.replace(/\/$/, "");
}
