import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a line of a password file is matched against. */
export interface PasswordKey {
  host: string;
  port: number;
  database: string;
  user: string;
}

/** Folders where servers make their sockets by default; libpq looks such a host up as `localhost`. */
const DEFAULT_SOCKET_FOLDERS = new Set(["/var/run/postgresql", "/run/postgresql", "/tmp"]);

/**
 * Looks a password up in `PGPASSFILE` or `~/.pgpass` by libpq's rules: the first line that matches wins, and a file that
 * others can read is ignored.
 */
export async function passwordFromFile(env: Environment, key: PasswordKey): Promise<string | undefined> {
  const file = env.PGPASSFILE ?? path.join(env.HOME ?? homedir(), ".pgpass");
  try {
    const info = await stat(file);
    if (!info.isFile() || (info.mode & 0o077) !== 0) return undefined;
    return matchPassword(await readFile(file, "utf8"), key);
  } catch {
    // libpq treats an unreadable password file as if there were none
    return undefined;
  }
}

/** The password of the first line of a password file's text that matches, if any. */
export function matchPassword(text: string, key: PasswordKey): string | undefined {
  const host = DEFAULT_SOCKET_FOLDERS.has(key.host) ? "localhost" : key.host;
  const wanted = [host, String(key.port), key.database, key.user];
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const fields = splitFields(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (fields.length < 5) continue;
    if (wanted.every((value, index) => fields[index]?.raw === "*" || fields[index]?.value === value)) {
      return fields[4]?.value;
    }
  }
  return undefined;
}

/** Colon-separated fields; a backslash takes the next character literally. */
function splitFields(line: string): { raw: string; value: string }[] {
  const fields = [{ raw: "", value: "" }];
  for (let index = 0; index < line.length; index++) {
    const field = fields.at(-1)!;
    const character = line[index]!;
    if (character === ":" && fields.length < 5) {
      fields.push({ raw: "", value: "" });
    } else if (character === "\\" && index + 1 < line.length) {
      index++;
      field.raw += `\\${line[index]}`;
      field.value += line[index];
    } else {
      field.raw += character;
      field.value += character;
    }
  }
  return fields;
}
