/** Thrown inside the checks; whoever knows the file and the line makes a DamagedError of it. */
export class InvalidValue extends Error {
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`);
    this.name = "InvalidValue";
    this.expected = expected;
    this.found = found;
  }
}

/** A JSON value as people see it, shortened. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** An untrusted JSON object: only own keys are looked at, so `__proto__` is a key like any other. */
export interface Fields {
  /** The key's value as it is; undefined when it is absent. */
  get(key: string): unknown;
  keys(): string[];
  text(key: string, longest?: number): string;
  /** Matching the whole pattern. */
  matching(key: string, pattern: RegExp, what: string): string;
  oneOf<Choice extends string>(key: string, choices: readonly Choice[]): Choice;
  /** Whole, from 0 to 2^53 - 1. */
  count(key: string): number;
  object(key: string): Fields;
  /** At most `most` elements. */
  list(key: string, most: number): unknown[];
  optional<Value>(key: string, read: () => Value): Value | undefined;
  nullable<Value>(key: string, read: () => Value): Value | null;
}

const longestText = 65_536;

/**
 * Looks into a JSON value that must be an object.
 * @param path for messages: `header.database`
 * @throws InvalidValue, as all of its methods
 */
export function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidValue(`an object as ${path}`, show(value));
  }
  return new ObjectFields(value, path);
}

/** A class, since an archive has hundreds of thousands of lines: its methods are made once. */
class ObjectFields implements Fields {
  readonly #value: object;
  readonly #path: string;

  constructor(value: object, path: string) {
    this.#value = value;
    this.#path = path;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.#value, key) ? (this.#value as Record<string, unknown>)[key] : undefined;
  }

  keys(): string[] {
    return Object.keys(this.#value);
  }

  text(key: string, longest = longestText): string {
    const found = this.get(key);
    if (typeof found === "string" && found.length <= longest) return found;
    throw new InvalidValue(`a text of at most ${longest} characters as ${this.#at(key)}`, show(found));
  }

  matching(key: string, pattern: RegExp, what: string): string {
    const found = this.get(key);
    if (typeof found === "string" && found.length <= longestText && pattern.test(found)) return found;
    throw new InvalidValue(`${what} as ${this.#at(key)}`, show(found));
  }

  oneOf<Choice extends string>(key: string, choices: readonly Choice[]): Choice {
    const found = this.get(key);
    for (const choice of choices) if (choice === found) return choice;
    throw new InvalidValue(`${choices.join(" or ")} as ${this.#at(key)}`, show(found));
  }

  count(key: string): number {
    const found = this.get(key);
    return isCount(found) ? found : checkCount(found, this.#at(key));
  }

  object(key: string): Fields {
    return fieldsOf(this.get(key), this.#at(key));
  }

  list(key: string, most: number): unknown[] {
    const found = this.get(key);
    if (Array.isArray(found) && found.length <= most) return found as unknown[];
    throw new InvalidValue(`a list of at most ${most} as ${this.#at(key)}`, show(found));
  }

  optional<Value>(key: string, read: () => Value): Value | undefined {
    return this.get(key) === undefined ? undefined : read();
  }

  nullable<Value>(key: string, read: () => Value): Value | null {
    return this.get(key) === null ? null : read();
  }

  #at(key: string): string {
    return `${this.#path}.${key}`;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
}

/** Checks a size, count or offset: whole, from 0 to 2^53 - 1. @throws InvalidValue */
export function checkCount(value: unknown, path: string): number {
  if (isCount(value)) return value;
  throw new InvalidValue(`a whole number from 0 on as ${path}`, show(value));
}

/** Checks an element that must be a text. @throws InvalidValue */
export function checkText(value: unknown, path: string): string {
  if (typeof value === "string" && value.length <= longestText) return value;
  throw new InvalidValue(`a text of at most ${longestText} characters as ${path}`, show(value));
}
