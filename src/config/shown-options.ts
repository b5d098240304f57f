import path from "node:path";
import { type OptionDefinition, type OptionReader, type ResolvedOption, maskedValue } from "./option-reader.ts";

/** Reads options, and notes each with its source and what is to be shown of it. */
export class ShownOptions {
  /** What was read, in order. */
  readonly values: ResolvedOption[] = [];
  readonly #reader: OptionReader;
  readonly #cwd: string;

  /** @param cwd against which relative paths count */
  constructor(reader: OptionReader, cwd: string) {
    this.#reader = reader;
    this.#cwd = cwd;
  }

  /**
   * What is set, or the default.
   * @param show what people see of the value; a secret is masked when it is left out
   * @throws UsageError for a wrong value
   */
  read<T>(definition: OptionDefinition<T>, show?: (value: T) => string): T | undefined {
    const { section, option, secret } = definition;
    const { value, source } = this.#reader.get(definition);
    const shown = show ?? (secret === true ? () => maskedValue : String);
    this.values.push({ section, option, value: value === undefined ? null : shown(value), source });
    return value;
  }

  /**
   * A path, made absolute.
   * @param fallback taken, and shown as the default, where none is set
   * @throws UsageError for a wrong value
   */
  readPath({ section, option, ...definition }: OptionDefinition<string>, fallback?: string): string | undefined {
    const found = this.#reader.find({ section, option, ...definition });
    const value = found === undefined ? fallback : path.resolve(this.#cwd, found.value);
    this.values.push({ section, option, value: value ?? null, source: found?.source ?? "default" });
    return value;
  }
}
