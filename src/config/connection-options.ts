import path from "node:path";
import type { ConnectionSettings } from "../postgres/settings.ts";
import { showDuration } from "./durations.ts";
import {
  maskedValue,
  type FoundValue,
  type OptionDefinition,
  type OptionReader,
  type ResolvedOption,
} from "./option-reader.ts";
import { applicationOptions, ownOptions } from "./option-table.ts";
import { readPasswordFile } from "./password-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of a connection, and what to show of them. */
export interface ResolvedConnection {
  readonly settings: ConnectionSettings;
  readonly values: readonly ResolvedOption[];
}

/** What options come from: layers, libpq's environment, and the folder against which paths count. */
export interface ConnectionSources {
  readonly reader: OptionReader;
  readonly env: Environment;
  readonly cwd: string;
}

/**
 * The application's connection. What the configuration does not set stays undefined where libpq's environment sets it
 * (`PGSERVICE` sets everything), and is NextGIS Web's default where both are silent.
 * @throws UsageError for a wrong value or a password file that cannot be read
 */
export async function resolveDatabase({ reader, env, cwd }: ConnectionSources): Promise<ResolvedConnection> {
  const values: ResolvedOption[] = [];
  const read = <T>(definition: OptionDefinition<T>, variables: string[], show: (value: T) => string = String) => {
    const variable = firstSet(env, [...variables, "PGSERVICE"]);
    if (variable !== undefined && reader.find(definition) === undefined) {
      values.push({ ...identity(definition), value: shownVariable(env, variable), source: `libpq ${variable}` });
      return undefined;
    }
    const { value, source } = reader.get(definition);
    values.push({ ...identity(definition), value: value === undefined ? null : show(value), source });
    return value;
  };
  const { host, port, name, user, connectTimeout } = applicationOptions;
  const settings: ConnectionSettings = { env };
  assignSetting(settings, "host", read(host, ["PGHOSTADDR", "PGHOST"]));
  assignSetting(settings, "port", read(port, ["PGPORT"]));
  assignSetting(settings, "database", read(name, ["PGDATABASE"]));
  assignSetting(settings, "user", read(user, ["PGUSER"]));
  const password = await readPassword(reader, cwd, applicationOptions, values);
  assignSetting(settings, "password", password ?? read(applicationOptions.password, ["PGPASSWORD", "PGPASSFILE"]));
  assignSetting(settings, "connectTimeoutMs", read(connectTimeout, ["PGCONNECT_TIMEOUT"], showDuration));
  return { settings, values };
}

/**
 * The administrator's connection, when any of its options is set: host and port are the application's unless set, user
 * and database `postgres`. `PGPASSWORD` is kept from it, being the application's; the rest of libpq's environment counts.
 * @throws UsageError for a wrong value or a password file that cannot be read
 */
export async function resolveAdmin(
  { reader, env, cwd }: ConnectionSources,
  application: ConnectionSettings,
): Promise<{ settings: ConnectionSettings | undefined; values: readonly ResolvedOption[] }> {
  const { adminHost, adminPort, adminDatabase, adminUser, adminPassword, adminPwfile } = ownOptions;
  const all = [adminHost, adminPort, adminDatabase, adminUser, adminPassword, adminPwfile];
  if (all.every((definition) => reader.find<unknown>(definition) === undefined)) {
    return {
      settings: undefined,
      values: all.map((definition) => ({ ...identity(definition), value: null, source: "default" })),
    };
  }
  const values: ResolvedOption[] = [];
  function show<T>(definition: { section: string; option: string }, { value, source }: FoundValue<T>): T {
    values.push({ ...identity(definition), value: value === undefined ? null : String(value), source });
    return value;
  }
  const settings: ConnectionSettings = { env: { ...env, PGPASSWORD: undefined } };
  assignSetting(
    settings,
    "host",
    show(adminHost, reader.find(adminHost) ?? asApplication("database.host", application.host)),
  );
  assignSetting(
    settings,
    "port",
    show(adminPort, reader.find(adminPort) ?? asApplication("database.port", application.port)),
  );
  assignSetting(settings, "database", show(adminDatabase, reader.get(adminDatabase)));
  assignSetting(settings, "user", show(adminUser, reader.get(adminUser)));
  const password = await readPassword(reader, cwd, { password: adminPassword, pwfile: adminPwfile }, values);
  if (password !== undefined) settings.password = password;
  else values.push({ ...identity(adminPassword), value: null, source: "default" });
  assignSetting(settings, "connectTimeoutMs", application.connectTimeoutMs);
  return { settings, values };
}

function asApplication<T>(option: string, value: T | undefined): FoundValue<T | undefined> {
  return { value, source: `as ${option}` };
}

/**
 * Password or password file, the password winning.
 * @param values what to show of both is added here, of the password only when there is one
 * @throws UsageError for a password file that cannot be read
 */
export async function readPassword(
  reader: OptionReader,
  cwd: string,
  { password: definition, pwfile: fileDefinition }: Record<"password" | "pwfile", OptionDefinition<string>>,
  values: ResolvedOption[],
): Promise<string | undefined> {
  const password = reader.find(definition);
  const file = reader.find(fileDefinition);
  const filePath = file === undefined ? undefined : path.resolve(cwd, file.value);
  values.push({ ...identity(fileDefinition), value: filePath ?? null, source: file?.source ?? "default" });
  if (password !== undefined) {
    values.push({ ...identity(definition), value: maskedValue, source: password.source });
    return password.value;
  }
  if (file === undefined || filePath === undefined) return undefined;
  const setAt = `${file.source}: [${fileDefinition.section}] ${fileDefinition.option}`;
  const fromFile = await readPasswordFile(filePath, setAt);
  values.push({ ...identity(definition), value: maskedValue, source: `file ${filePath}` });
  return fromFile;
}

function identity({ section, option }: { section: string; option: string }): { section: string; option: string } {
  return { section, option };
}

/** What a service file holds is not known here, and a password is never shown. */
function shownVariable(env: Environment, variable: string): string | null {
  if (variable === "PGPASSWORD") return maskedValue;
  return variable === "PGSERVICE" || variable === "PGPASSFILE" ? null : (env[variable] ?? null);
}

/** libpq takes an empty variable for none. */
function firstSet(env: Environment, names: readonly string[]): string | undefined {
  return names.find((name) => (env[name] ?? "") !== "");
}

/** Sets what is known; what is not stays away, for libpq's environment to count. */
export function assignSetting<K extends keyof ConnectionSettings>(
  settings: ConnectionSettings,
  key: K,
  value: ConnectionSettings[K] | undefined,
): void {
  if (value !== undefined) settings[key] = value;
}
