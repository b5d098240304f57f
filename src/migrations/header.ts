import { messageOf } from "../errors.ts";
import { initialRevision, type MigrationDependency, MigrationTreeError } from "./migration.ts";
import { pythonDocstring } from "./python-docstring.ts";

/** What the name of a file in a migration folder says. */
export interface MigrationFileName {
  revision: string;
  /** `forward` and `rewind` are SQL; a `python` file holds both ways. */
  kind: "forward" | "rewind" | "python";
}

/** What the header of a migration file says. */
export interface MigrationHeader {
  revision: string;
  parents: string[];
  dependencies: MigrationDependency[];
  date: string | undefined;
  message: string | undefined;
}

const fileName = /^([0-9a-f]{8})(?:-[^/]*)?\.(fw\.sql|rw\.sql|py)$/;
const kinds: Readonly<Record<string, MigrationFileName["kind"]>> = {
  "fw.sql": "forward",
  "rw.sql": "rewind",
  py: "python",
};
const revisionFormat = /^[0-9a-f]{8}$/;
const dependencyFormat = /^([A-Za-z_]\w*)(?:(==|=|:)([0-9a-f]{8}))?$/;
const sqlHeader = /^\uFEFF?\s*\/\*\*\*([\s\S]*?)\*\*\*\//;

/**
 * Reads the name of a file in a migration folder: `<8 hex>[-slug].fw.sql`, `.rw.sql` or `.py`.
 * @returns undefined for any other name, such as `__init__.py`
 */
export function parseMigrationFileName(name: string): MigrationFileName | undefined {
  const match = fileName.exec(name);
  const kind = kinds[match?.[2] ?? ""];
  return match?.[1] === undefined || kind === undefined ? undefined : { revision: match[1], kind };
}

/**
 * Reads the header of an SQL migration: the JSON of the comment that begins it, between three asterisks each side.
 * @param path the file, for messages
 * @throws MigrationTreeError when there is no such comment or it does not say what it must
 */
export function parseSqlHeader(text: string, path: string): MigrationHeader {
  const json = sqlHeader.exec(text)?.[1];
  if (json === undefined) throw new MigrationTreeError(`${path} does not begin with a /*** { ... } ***/ header`);
  return parseHeader(json, path);
}

/**
 * Reads the header of a Python migration: the JSON object in the module's docstring.
 * @param path the file, for messages
 * @throws MigrationTreeError when there is none or it does not say what it must
 */
export function parsePythonHeader(text: string, path: string): MigrationHeader {
  const docstring = pythonDocstring(text);
  const from = docstring?.indexOf("{") ?? -1;
  const to = docstring?.lastIndexOf("}") ?? -1;
  if (docstring === undefined || from < 0 || to < from)
    throw new MigrationTreeError(`${path} does not begin with a docstring that holds a JSON object`);
  return parseHeader(docstring.slice(from, to + 1), path);
}

/**
 * Reads a dependency: `component`, `component=revision`, `component:revision` or `component==revision` (exactly that one).
 * @returns undefined for anything else
 */
export function parseDependency(text: string): MigrationDependency | undefined {
  const match = dependencyFormat.exec(text.replace(/\s*(==|=|:)\s*/, "$1"));
  if (match?.[1] === undefined) return undefined;
  return { component: match[1], revision: match[3] ?? initialRevision, exact: match[2] === "==" };
}

function parseHeader(json: string, path: string): MigrationHeader {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new MigrationTreeError(`header of ${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new MigrationTreeError(`header of ${path} is not a JSON object`);
  const header = value as Record<string, unknown>;
  const wrong = (key: string, expected: string): MigrationTreeError =>
    new MigrationTreeError(`header of ${path}: ${key} must be ${expected}, found ${show(header[key])}`);

  const { revision, parents = [], dependencies = [], date, message } = header;
  if (typeof revision !== "string" || !revisionFormat.test(revision))
    throw wrong("revision", "eight lower-case hexadecimal digits");
  if (!isTextList(parents) || !parents.every((parent) => revisionFormat.test(parent)))
    throw wrong("parents", "a list of revisions");
  if (!isTextList(dependencies)) throw wrong("dependencies", "a list of texts");
  const parsed = dependencies.map((text) => {
    const dependency = parseDependency(text);
    if (dependency === undefined) throw wrong("dependencies", "a list of component==revision or component");
    return dependency;
  });
  if (!isOptionalText(date)) throw wrong("date", "a text");
  if (!isOptionalText(message)) throw wrong("message", "a text");
  return { revision, parents, dependencies: parsed, date: date ?? undefined, message: message ?? undefined };
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isOptionalText(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === "string";
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
