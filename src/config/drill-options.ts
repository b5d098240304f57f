import { UsageError } from "../errors.ts";
import type { ConnectionSettings } from "../postgres/settings.ts";
import { assignSetting, type ConnectionSources, readPassword } from "./connection-options.ts";
import { durationType, showDuration } from "./durations.ts";
import type { OptionDefinition, ResolvedOption } from "./option-reader.ts";
import { ownSection } from "./option-table.ts";
import { ShownOptions } from "./shown-options.ts";
import { commandType, integerType, pathType, textType } from "./value-types.ts";

/** Options of drills. */
export const drillOptions = {
  command: { section: ownSection, option: "drill.command", type: commandType },
  timeout: { section: ownSection, option: "drill.timeout", type: durationType, default: "10m" },
  host: { section: ownSection, option: "drill.host", type: textType },
  port: { section: ownSection, option: "drill.port", type: integerType(1, 65_535), default: "5432" },
  database: { section: ownSection, option: "drill.database", type: textType, default: "postgres" },
  user: { section: ownSection, option: "drill.user", type: textType, default: "postgres" },
  password: { section: ownSection, option: "drill.password", type: textType, secret: true },
  pwfile: { section: ownSection, option: "drill.pwfile", type: pathType },
} satisfies Record<string, OptionDefinition<unknown>>;

/** How drills are made. */
export interface DrillSettings {
  /** The application's own check of what a drill has restored: program and arguments. */
  command: readonly string[] | undefined;
  timeoutMs: number;
  /** The server to restore into, and a database of it that exists; undefined: a private one is started. */
  server: ConnectionSettings | undefined;
}

/**
 * Reads the options of drills, and what to show of them. `PGPASSWORD` is kept from the drill's server, being the application's;
 * the rest of libpq's environment counts.
 * @throws UsageError for a wrong value, a password file that cannot be read, or a part of an address without `drill.host`
 */
export async function resolveDrill(
  sources: ConnectionSources,
  application: ConnectionSettings,
): Promise<{ drill: DrillSettings; values: readonly ResolvedOption[] }> {
  const { reader, cwd, env } = sources;
  const shown = new ShownOptions(reader, cwd);
  const command = shown.read(drillOptions.command, (words) => words.join(" "));
  const timeoutMs = shown.read(drillOptions.timeout, showDuration)!;
  const host = shown.read(drillOptions.host);
  if (host === undefined) refuseWithoutHost(sources);
  const [port, database, user] = [
    shown.read(drillOptions.port),
    shown.read(drillOptions.database),
    shown.read(drillOptions.user),
  ];
  const { password: definition, pwfile } = drillOptions;
  const password = await readPassword(reader, cwd, { password: definition, pwfile }, shown.values);
  if (password === undefined) shown.read(definition);
  if (host === undefined) return { drill: { command, timeoutMs, server: undefined }, values: shown.values };
  const server: ConnectionSettings = { env: { ...env, PGPASSWORD: undefined }, host };
  assignSetting(server, "port", port);
  assignSetting(server, "database", database);
  assignSetting(server, "user", user);
  assignSetting(server, "password", password);
  assignSetting(server, "connectTimeoutMs", application.connectTimeoutMs);
  return { drill: { command, timeoutMs, server }, values: shown.values };
}

/** Nobody who names a role of another server means a private one. */
function refuseWithoutHost({ reader }: ConnectionSources): void {
  const { port, database, user, password, pwfile } = drillOptions;
  for (const definition of [port, database, user, password, pwfile]) {
    const found = reader.find<unknown>(definition);
    if (found === undefined) continue;
    throw new UsageError(
      "drill-host",
      `${found.source}: [${ownSection}] ${definition.option} is set, and no drill.host`,
      { hints: ["name the server that drills restore into: drill.host"] },
    );
  }
}
