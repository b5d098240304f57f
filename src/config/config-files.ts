import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf, UsageError } from "../errors.ts";
import { parseIni, splitFileLines, type IniDocument } from "./ini-parser.ts";

/** Looked for when nothing names a configuration, relative to the working folder; the first that exists. */
const defaultConfigPaths: readonly string[] = ["config/config.ini", "config.ini"];

/** What tells which files to read. */
export interface ConfigFileChoice {
  env: Readonly<Record<string, string | undefined>>;
  /** Folder against which relative paths count. */
  cwd: string;
  /** Paths of `--config`, in order; empty or undefined: the environment or the defaults. */
  configPaths?: readonly string[] | undefined;
}

/**
 * The configuration files to read, in order, as they were named: those of `--config`, else those of `NEXTGISWEB_CONFIG`
 * (separated by colons), else the first default one that exists, else none.
 */
export async function chooseConfigFiles({ env, cwd, configPaths = [] }: ConfigFileChoice): Promise<readonly string[]> {
  if (configPaths.length > 0) return configPaths;
  const named = (env.NEXTGISWEB_CONFIG ?? "").split(":").filter((name) => name !== "");
  if (named.length > 0) return named;
  for (const name of defaultConfigPaths) {
    const exists = await access(path.resolve(cwd, name)).then(
      () => true,
      (error: unknown) => codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR",
    );
    if (exists) return [name];
  }
  return [];
}

/**
 * Reads and parses a configuration file.
 * @param name as it was given, relative to `cwd`; messages call it so
 * @throws UsageError when it cannot be read, is not UTF-8, or breaks the rules
 */
export async function readConfigFile(name: string, cwd: string): Promise<IniDocument> {
  let content: Buffer;
  try {
    content = await readFile(path.resolve(cwd, name));
  } catch (error) {
    throw unreadable(name, cwd, error);
  }
  return parseIni(splitFileLines(decodeUtf8(content, name)), name);
}

function unreadable(name: string, cwd: string, error: unknown): UsageError {
  const code = codeOf(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    const hints = ["name it with --config PATH, or in NEXTGISWEB_CONFIG (several are separated by colons)"];
    if (!path.isAbsolute(name)) hints.push(`relative paths count from the current folder, ${cwd}`);
    return new UsageError("config-not-found", `configuration file ${name} does not exist`, { cause: error, hints });
  }
  if (code === "EISDIR") {
    return new UsageError("config-is-folder", `configuration file ${name}: expected a file, found a folder`, {
      cause: error,
      hints: [`name the file in it: --config ${path.join(name, "config.ini")}`],
    });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new UsageError("config-not-readable", `configuration file ${name} may not be read by this user`, {
      cause: error,
      hints: ["run as the user who runs NextGIS Web, or as root"],
    });
  }
  return new UsageError("config-not-readable", `cannot read configuration file ${name}: ${messageOf(error)}`, {
    cause: error,
  });
}

function decodeUtf8(content: Buffer, name: string): string {
  try {
    // A byte order mark stays: Python, too, takes it for a part of the first line.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch (error) {
    throw new UsageError("config-encoding", `${name}:${firstBadLine(content)}: expected UTF-8, found other bytes`, {
      cause: error,
      hints: [`convert it: iconv -f CP1251 -t UTF-8 ${name}, with the encoding that it has`],
    });
  }
}

function firstBadLine(content: Buffer): number {
  let line = 1;
  for (let start = 0; ; line++) {
    const end = content.indexOf(0x0a, start);
    const bytes = content.subarray(start, end === -1 ? content.length : end);
    if (end === -1 || !Buffer.from(bytes.toString("utf8")).equals(bytes)) return line;
    start = end + 1;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
