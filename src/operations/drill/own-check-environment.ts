import { optionOfVariable } from "../../config/environment-names.ts";
import { applicationEnvironment } from "../../migrations/upgrade.ts";

/** What a drill's configuration says; a variable that says otherwise would lead the check to the instance itself. */
const ofThePlace = /^(?:core\.(?:database\..+|sdir)|file_storage\.path)$/;

/** For libpq an address of the environment outweighs any host that is configured. */
const leftOut: ReadonlySet<string> = new Set(["NEXTGISWEB_CONFIG_INCLUDE", "PGHOSTADDR", "PGPASSWORD"]);

/**
 * The environment of the application's own check: everything that ours has, but for what would outweigh the drill's configuration.
 * @param configPath the drill's
 */
export function ownCheckEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  configPath: string,
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(
    ([name]) => !leftOut.has(name) && !ofThePlace.test(optionOfVariable(name) ?? ""),
  );
  return applicationEnvironment(Object.fromEntries(kept), [configPath]);
}
