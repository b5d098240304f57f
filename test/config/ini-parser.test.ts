import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IniError } from "../../src/config/ini-error.ts";
import { parseIni, splitFileLines } from "../../src/config/ini-parser.ts";
import { askPython, hasPython } from "./python-oracle.ts";

type Parsed =
  | { sections: [string, [string, string][]][]; defaults: [string, string][] }
  | { error: string; lines: number[] };

interface Case {
  text: string;
  /** A file's text is read with universal newlines, an include's without. */
  file: boolean;
}

const reference = `
import configparser, io

def answer(case):
    if case["file"]:
        stream = io.TextIOWrapper(io.BytesIO(case["text"].encode("utf-8")), encoding="utf-8")
    else:
        stream = io.StringIO(case["text"])
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(stream, "x")
    except configparser.MissingSectionHeaderError as error:
        return {"error": "missing-section-header", "lines": [error.lineno]}
    except configparser.DuplicateSectionError as error:
        return {"error": "duplicate-section", "lines": [error.lineno]}
    except configparser.DuplicateOptionError as error:
        return {"error": "duplicate-option", "lines": [error.lineno]}
    except configparser.ParsingError as error:
        return {"error": "parsing", "lines": [lineno for lineno, line in error.errors]}
    return {
        "sections": [[name, sorted(parser._sections[name].items())] for name in sorted(parser.sections())],
        "defaults": sorted(parser.defaults().items()),
    }
`;

function compareCodePoints(left: string, right: string): number {
  return Buffer.from(left, "utf8").compare(Buffer.from(right, "utf8"));
}

function parse({ text, file }: Case): Parsed {
  try {
    const { sections, defaults } = parseIni(file ? splitFileLines(text) : text.split("\n"), "x");
    const sorted = (options: ReadonlyMap<string, { value: string }>): [string, string][] =>
      [...options]
        .map(([name, { value }]): [string, string] => [name, value])
        .toSorted(([left], [right]) => compareCodePoints(left, right));
    return {
      sections: [...sections]
        .map(([name, options]): [string, [string, string][]] => [name, sorted(options)])
        .toSorted(([left], [right]) => compareCodePoints(left, right)),
      defaults: sorted(defaults),
    };
  } catch (error) {
    if (!(error instanceof IniError)) throw error;
    return { error: error.kind, lines: [...error.lines] };
  }
}

/** Python's white space, JavaScript's white space, and what is neither. */
const oddCharacters = "\t\v\f\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff\u200b\u180e";
const space = fc.string({ unit: fc.constantFrom(" ", " ", "\t", "  ", ...oddCharacters), maxLength: 3 });
const plainIndent = fc.constantFrom("", "", "", "", " ", "  ", "    ", "\t");
const name = fc.constantFrom("a", "b", "A", "c.d", "Database.Host", "x y", "É", "DEFAULT", "__proto__", "constructor");
const sectionName = fc.constantFrom("core", "Core", "file_storage", " core ", "DEFAULT", "a]b", "x=y", "toString");
const delimiter = fc.constantFrom("=", ":", " = ", " : ", "==", "=:", " ");
const value = fc.oneof(
  fc.constantFrom("", "1", "a # b", "a ; b", '"quoted"', "%(x)s", "${X}", "[core]", "k = v", "%"),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: fc.constantFrom("a", "=", ":", "#", ";", "[", "]", ...oddCharacters), maxLength: 6 }),
);
const optionLine = fc.tuple(plainIndent, name, delimiter, value, space).map((parts) => parts.join(""));
const sectionLine = fc
  .tuple(plainIndent, sectionName, fc.constantFrom("", "", "", " # comment", "x", "] y"))
  .map(([indent, section, rest]) => `${indent}[${section}]${rest}`);
const line = fc.oneof(
  { weight: 8, arbitrary: optionLine },
  { weight: 3, arbitrary: sectionLine },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(" ", "  ", "\t", "    "), value).map((parts) => parts.join("")) },
  { weight: 2, arbitrary: fc.tuple(space, fc.constantFrom("#", ";", "# x = y"), value).map((parts) => parts.join("")) },
  { weight: 2, arbitrary: space },
  { weight: 1, arbitrary: fc.tuple(space, value).map((parts) => parts.join("")) },
  { weight: 1, arbitrary: fc.constantFrom("= x", ": x", "[]", "[]]", "[x", "x]", "[a][b]", "\ufeff[core]") },
);
const lineEnd = fc.constantFrom("\n", "\n", "\n", "\r\n", "\r");

/** Sections whose options have numbered names, so that most texts are free of duplicates. */
const wellFormed = fc
  .array(
    fc.array(fc.tuple(plainIndent, delimiter, value, fc.array(fc.tuple(fc.constantFrom("", "  ", "\t "), value))), {
      maxLength: 5,
    }),
    { maxLength: 4 },
  )
  .map((sections) =>
    sections
      .map((options, section) => {
        const header = section === 1 ? "[DEFAULT]" : `[s${section}]`;
        const lines = options.map(
          ([indent, mark, text, more], index) =>
            `${indent}o${index}${mark}${text}\n${more.map(([deeper, rest]) => `${indent}${deeper}${rest}`).join("\n")}`,
        );
        return [header, ...lines].join("\n");
      })
      .join("\n"),
  );

const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.tuple(line, lineEnd), { maxLength: 12 }).map((lines) => lines.flat().join("")) },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.tuple(line, lineEnd), { maxLength: 6 })
      .map((lines) => ["[core]\n", ...lines.flat()].join("")),
  },
  { weight: 4, arbitrary: wellFormed },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 60 }) },
);

describe.skipIf(!hasPython)("parseIni beside Python's RawConfigParser", () => {
  it("gives the same options and the same errors for generated texts", () => {
    const seed = Date.now();
    const cases = fc.sample(fc.record({ text: anyText, file: fc.boolean() }), { numRuns: 20_000, seed });
    const answers = askPython<Case, Parsed>(reference, cases);
    const kinds = new Set<string>();
    for (const [index, answer] of answers.entries()) {
      kinds.add("error" in answer ? answer.error : "parsed");
      const parsed = parse(cases[index]!);
      if (isDeepStrictEqual(parsed, answer)) continue;
      expect(parsed, `seed ${seed}, text ${JSON.stringify(cases[index])}`).toEqual(answer);
    }
    // The generator must reach every outcome, or the comparison says little.
    expect([...kinds].toSorted()).toEqual([
      "duplicate-option",
      "duplicate-section",
      "missing-section-header",
      "parsed",
      "parsing",
    ]);
  });
});

describe("parseIni", () => {
  const lines = (text: string) => splitFileLines(text);

  it("joins indented lines, keeps quotes and inline comments, and drops comment lines in between", () => {
    const { sections } = parseIni(lines('[core]\nA.B : "x" # y\n  ; gone\n  more\n\n  last\n\nc=1\n'), "x");
    expect(sections.get("core")).toEqual(
      new Map([
        ["a.b", { value: '"x" # y\nmore\n\nlast', line: 2 }],
        ["c", { value: "1", line: 8 }],
      ]),
    );
  });

  it("takes a line of many blanks without a delimiter for what it is", () => {
    // As a pattern with blanks on both sides would, after hours.
    const blanks = " ".repeat(2_000_000);
    expect(() => parseIni(lines(`[core]\na${blanks}b\nc${blanks}=${blanks}1`), "n.ini")).toThrow(
      expect.objectContaining({ kind: "parsing", lines: [2] }),
    );
    expect(
      parseIni(lines(`[core]\nc${blanks}=${blanks}1`), "n.ini")
        .sections.get("core")
        ?.get("c")?.value,
    ).toBe("1");
  });

  it("keeps [DEFAULT] apart", () => {
    const { sections, defaults } = parseIni(lines("[DEFAULT]\na=1\n[core]\nb=2\n[DEFAULT]\nc=3"), "x");
    expect([...sections.keys()]).toEqual(["core"]);
    expect([...defaults.keys()]).toEqual(["a", "c"]);
  });

  it.each([
    ["a = 1", "ngw.ini:1: expected a section header such as [core], found something else"],
    ["[core]\n[core]", "ngw.ini:2: section [core] stands in this file twice"],
    ["[core]\na=1\nA: 2", 'ngw.ini:3: option "a" of section [core] stands on line 2 already'],
    ["[core]\nhunter2", "ngw.ini:2: expected name = value, found a line without a name or a delimiter"],
  ])("names file and line, and never quotes the line: %j", (text, message) => {
    expect(() => parseIni(lines(text), "ngw.ini")).toThrow(expect.objectContaining({ message, exitCode: 2 }));
  });

  it("names every line that is no option", () => {
    expect(() => parseIni(lines("[core]\nx\na=1\ny"), "n.ini")).toThrow(
      expect.objectContaining({ lines: [2, 4], details: ["n.ini:2", "n.ini:4"] }),
    );
  });

  it("names a byte order mark", () => {
    expect(() => parseIni(lines("\ufeff[core]"), "n.ini")).toThrow(
      expect.objectContaining({ hints: [expect.stringContaining("byte order mark")] }),
    );
  });
});
