import { resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { systemCode } from "../../disk-errors.ts";
import { AppError } from "../../errors.ts";
import { parseLocation } from "../../stores/location.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type ArchiveFacts, gatherFacts } from "./archive-facts.ts";

/**
 * The archives of the other places that the configuration names, which may refer to some of the place that is pruned. One that
 * cannot be looked into is warned of.
 * @param where the place that is pruned
 */
export async function factsElsewhere(
  settings: Settings,
  where: string,
  access: ArchiveAccess,
): Promise<ArchiveFacts[]> {
  const { context, reporter } = access;
  const facts: ArchiveFacts[] = [];
  for (const place of placesOf(settings)) {
    if (samePlace(place, context.cwd) === samePlace(where, context.cwd)) continue;
    try {
      facts.push(...(await gatherFacts(place, access)));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      if (systemCode(error.cause) === "ENOENT") continue;
      const message = `whether archives of ${place} refer to some of ${where} cannot be seen: ${error.message}`;
      reporter.report({ type: "warning", code: "elsewhere", message });
    }
  }
  return facts;
}

/** Where archives of the configured instance are, as far as it says. */
function placesOf({ backup }: Settings): string[] {
  return backup.path === undefined ? [] : [backup.path];
}

function samePlace(place: string, cwd: string): string {
  return parseLocation(place).kind === "local" ? resolve(cwd, place) : place.replace(/\/$/, "");
}
