import { UsageError } from "../errors.ts";
import { nearestName } from "./nearest-name.ts";
import type { LayeredValue, OptionLayers } from "./option-layers.ts";
import type { ValueType } from "./value-types.ts";

/** An option that we read. */
export interface OptionDefinition<T> {
  readonly section: string;
  readonly option: string;
  readonly type: ValueType<T>;
  /** As it would stand in a file; undefined: nothing. */
  readonly default?: string;
  /** Never shown. */
  readonly secret?: true;
}

/** An option as it works out, for `ngwbackup config`. */
export interface ResolvedOption {
  readonly section: string;
  readonly option: string;
  /** Masked when it is secret; null when nothing is set. */
  readonly value: string | null;
  /** `FILE:LINE`, `NEXTGISWEB_CONFIG_INCLUDE:LINE`, `environment NAME`, `default`, `libpq NAME`, or `file PATH` (a password's). */
  readonly source: string;
}

/** Stands for every secret value. */
export const maskedValue = "********";

/** A value that is set, and where. */
export interface FoundValue<T> {
  readonly value: T;
  readonly source: string;
}

/** Longest value that a message quotes, in characters. */
const quotedCharacters = 80;

/** Reads options by their definitions out of the layers. A value that is empty after substitution counts as none. */
export class OptionReader {
  readonly #options: ReadonlyMap<string, LayeredValue>;

  constructor(layers: OptionLayers) {
    this.#options = layers.options;
  }

  /**
   * What is set, defaults aside.
   * @throws UsageError naming file, line, option, what was expected and what was found
   */
  find<T>(definition: OptionDefinition<T>): FoundValue<T> | undefined {
    const layered = this.#options.get(`${definition.section}.${definition.option}`);
    if (layered === undefined || layered.value === "") return undefined;
    const value = definition.type.parse(layered.value);
    if (value === undefined) throw wrongValue(definition, layered.value, layered.source);
    return { value, source: layered.source };
  }

  /** What is set, or the default. */
  get<T>(definition: OptionDefinition<T>): FoundValue<T | undefined> {
    const found = this.find(definition);
    if (found !== undefined) return found;
    const value = definition.default === undefined ? undefined : definition.type.parse(definition.default);
    return { value, source: "default" };
  }

  /** Names of the options of a section that are set, whether anybody knows them or not. */
  optionsOf(section: string): string[] {
    const prefix = `${section}.`;
    return [...this.#options.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  /**
   * Refuses options of a section that is ours alone and that nobody knows. What `[DEFAULT]` brings into it is let pass.
   * @throws UsageError naming where the option stands, and the nearest known one
   */
  refuseUnknown(section: string, known: readonly string[]): void {
    for (const [key, { source, fromDefaults }] of this.#options) {
      if (!key.startsWith(`${section}.`) || fromDefaults) continue;
      const option = key.slice(section.length + 1);
      if (known.includes(option)) continue;
      const nearest = nearestName(option, known) ?? known.find((name) => name.endsWith(`.${option}`));
      throw new UsageError("unknown-option", `${source}: [${section}] has no option ${JSON.stringify(option)}`, {
        hints: [nearest === undefined ? `known ones: ${known.join(", ")}` : `did you mean ${nearest}?`],
      });
    }
  }
}

/** The error for a value that does not fit. */
export function wrongValue(definition: OptionDefinition<unknown>, found: string, source: string): UsageError {
  const shown = found.length > quotedCharacters ? `${found.slice(0, quotedCharacters)}...` : found;
  return new UsageError(
    "wrong-value",
    `${source}: [${definition.section}] ${definition.option}: expected ${definition.type.expected}, found ${
      definition.secret === true ? maskedValue : JSON.stringify(shown)
    }`,
  );
}
