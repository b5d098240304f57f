import { parsePythonInteger, pythonSpace, strip } from "./python-text.ts";

/** How the text of an option becomes a value. */
export interface ValueType<T> {
  /** What is expected, for messages: `a number from 1 to 65535`. */
  readonly expected: string;
  /** @returns undefined when the text is not of this type */
  parse(text: string): T | undefined;
}

/** Any text. */
export const textType: ValueType<string> = { expected: "text", parse: (text) => text };

/** A path; relative ones are made absolute where the working folder is known. */
export const pathType: ValueType<string> = {
  expected: "a path",
  parse: (text) => (text === "" || text.includes("\0") || text.includes("\n") ? undefined : text),
};

/** The address of a server: `http` or `https`, with a path at most. */
export const urlType: ValueType<string> = {
  expected: "an address such as https://s3.example.org",
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === ""
      ? text
      : undefined;
  },
};

/** True for `true`, `yes`, `1`; false for `false`, `no`, `0`; in any case. */
export const booleanType: ValueType<boolean> = {
  expected: "true, yes, 1, false, no or 0",
  parse(text) {
    const lower = text.toLowerCase();
    if (["true", "yes", "1"].includes(lower)) return true;
    return ["false", "no", "0"].includes(lower) ? false : undefined;
  },
};

/** A whole number within bounds, both included. */
export function integerType(min: number, max: number): ValueType<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = parsePythonInteger(text);
      return value === undefined || value < min || value > max ? undefined : value;
    },
  };
}

const sizeUnits = ["", "K", "M", "G", "T"];

/** A size in bytes: a whole number, with `K`, `M`, `G`, `T` after it in units of 1024; `B` or `iB` may follow. */
export const sizeType: ValueType<number> = {
  expected: "a size such as 1048576, 512M or 50MiB",
  parse(text) {
    const match = /^(\d+) ?(?:([KMGT])(?:i?B)?|B)?$/i.exec(text);
    if (match === null) return undefined;
    const sizeBytes = Number(match[1]) * 1024 ** sizeUnits.indexOf(match[2]?.toUpperCase() ?? "");
    return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
  },
};

/** A size as it could stand in a file, in the largest unit that gives a whole number. */
export function showSize(sizeBytes: number): string {
  for (let unit = sizeUnits.length - 1; unit > 0 && sizeBytes > 0; unit -= 1)
    if (sizeBytes % 1024 ** unit === 0) return `${sizeBytes / 1024 ** unit}${sizeUnits[unit]}iB`;
  return String(sizeBytes);
}

const comma = new RegExp(`[${pythonSpace}]*,[${pythonSpace}]*`);

/** Values separated by commas, white space around them left out. */
export function listType<T>(element: ValueType<T>): ValueType<readonly T[]> {
  return {
    expected: `a list, separated by commas, of: ${element.expected}`,
    parse(text) {
      const values = text.split(comma).map((part) => element.parse(part));
      return values.includes(undefined) ? undefined : (values as T[]);
    },
  };
}

/** One of several words. */
export function choiceType<T extends string>(...choices: readonly T[]): ValueType<T> {
  return {
    expected: `one of ${choices.join(", ")}`,
    parse: (text) => choices.find((choice) => choice === text),
  };
}

/**
 * A program and its first arguments: words separated by white space, which `'` or `"` around a word (or part of it) keeps
 * together. No shell reads it: nothing else has a meaning.
 */
export const commandType: ValueType<readonly string[]> = {
  expected: "a program and its arguments, with every quote closed",
  parse(text) {
    const wordPattern = new RegExp(`((?:"[^"]*"|'[^']*'|[^"'${pythonSpace}])+)(?:[${pythonSpace}]+|$)`, "y");
    const trimmed = strip(text);
    const words: string[] = [];
    while (wordPattern.lastIndex < trimmed.length) {
      const match = wordPattern.exec(trimmed);
      if (match === null) return undefined;
      words.push(
        match[1]!.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ""),
      );
    }
    return words.length === 0 || words[0] === "" ? undefined : words;
  },
};
