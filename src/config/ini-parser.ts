import { IniError } from "./ini-error.ts";
import { indentation, rstrip, strip } from "./python-text.ts";

/** An option's value and the line where its name stands. */
export interface IniValue {
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A parsed text. Option names are in lower case; `[DEFAULT]` is kept apart, not merged into the sections. */
export interface IniDocument {
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, IniValue>>;
  readonly defaults: ReadonlyMap<string, IniValue>;
}

interface OpenValue {
  readonly parts: string[];
  readonly line: number;
}
type OpenSection = Map<string, OpenValue>;

const defaultSection = "DEFAULT";
const sectionPattern = /^\[(.+)\]/s;

/** Cuts a text file into lines as Python's text mode does: at `\n`, `\r\n` and `\r`. */
export function splitFileLines(text: string): string[] {
  return text.split(/\r\n|\r|\n/);
}

/**
 * Parses lines by the rules of Python's `configparser.RawConfigParser()` with its default arguments (strict, `=` and
 * `:`, whole-line comments with `#` and `;`, empty lines in values, no interpolation); equal in Python 3.10
 * to 3.13 (older ones end a section's name at its first `]`).
 * @param lines without line ends
 * @param label file name for messages
 * @throws IniError where Python raises, with Python's precedence: lines that are no option are reported, all of them,
 * only when nothing else is wrong
 */
export function parseIni(lines: readonly string[], label: string): IniDocument {
  const sections = new Map<string, OpenSection>();
  const defaults: OpenSection = new Map();
  const badLines: number[] = [];
  let section: OpenSection | undefined;
  let sectionName = "";
  let open: OpenValue | undefined;
  let indent = 0;

  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    const value = strip(text);
    if (value === "") {
      open?.parts.push("");
      continue;
    }
    if (value.startsWith("#") || value.startsWith(";")) continue;

    const lineIndent = indentation(text);
    if (open !== undefined && lineIndent > indent) {
      open.parts.push(value);
      continue;
    }
    indent = lineIndent;

    const header = sectionPattern.exec(value)?.[1];
    if (header !== undefined) {
      if (sections.has(header)) throw duplicateSection(label, line, header);
      sectionName = header;
      section = header === defaultSection ? defaults : new Map<string, OpenValue>();
      if (section !== defaults) sections.set(header, section);
      open = undefined;
      continue;
    }
    if (section === undefined) throw missingSection(label, line, value);

    // Searched, not matched: a pattern with the blanks around it takes the square of their number.
    const delimiter = value.search(/[=:]/);
    if (delimiter === -1) {
      // The option before it stays open, as in Python: deeper lines that follow belong to it.
      badLines.push(line);
      continue;
    }
    const name = rstrip(value.slice(0, delimiter)).toLowerCase();
    if (name === "") badLines.push(line);
    const earlier = section.get(name);
    if (earlier !== undefined) throw duplicateOption(label, line, sectionName, name, earlier.line);
    const opened: OpenValue = { parts: [strip(value.slice(delimiter + 1))], line };
    section.set(name, opened);
    open = name === "" ? undefined : opened;
  }
  if (badLines.length > 0) throw badOptions(label, badLines);
  return {
    sections: new Map([...sections].map(([name, options]) => [name, close(options)])),
    defaults: close(defaults),
  };
}

function close(section: OpenSection): Map<string, IniValue> {
  return new Map([...section].map(([name, { parts, line }]) => [name, { value: rstrip(parts.join("\n")), line }]));
}

function duplicateSection(label: string, line: number, name: string): IniError {
  return new IniError(
    "duplicate-section",
    label,
    [line],
    `section [${name}] stands in this file twice`,
    "put the options of both under one header",
  );
}

function duplicateOption(label: string, line: number, section: string, name: string, earlierLine: number): IniError {
  return new IniError(
    "duplicate-option",
    label,
    [line],
    `option ${JSON.stringify(name)} of section [${section}] stands on line ${earlierLine} already`,
    "remove one of the two; names are compared in lower case",
  );
}

function missingSection(label: string, line: number, value: string): IniError {
  const hint = value.startsWith("\ufeff")
    ? "the file starts with a byte order mark, which Python refuses too: save it as UTF-8 without one"
    : "put a section header before it, such as [core]";
  return new IniError(
    "missing-section-header",
    label,
    [line],
    "expected a section header such as [core], found something else",
    hint,
  );
}

function badOptions(label: string, lines: readonly number[]): IniError {
  return new IniError(
    "parsing",
    label,
    lines,
    "expected name = value, found a line without a name or a delimiter",
    "comments start with # or ;, further lines of a value are indented",
  );
}
