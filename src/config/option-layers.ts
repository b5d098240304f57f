import { chooseConfigFiles, readConfigFile, type ConfigFileChoice } from "./config-files.ts";
import { optionOfVariable } from "./environment-names.ts";
import { parseIni, type IniDocument } from "./ini-parser.ts";
import { substitute } from "./substitution.ts";

/** The text of an option after all layers, and where it stands. */
export interface LayeredValue {
  readonly value: string;
  /** `FILE:LINE`, `NEXTGISWEB_CONFIG_INCLUDE:LINE` or `environment NAME`. */
  readonly source: string;
  /** Whether it came into its section from `[DEFAULT]`. */
  readonly fromDefaults: boolean;
}

/** All options that are set anywhere, and the files that were read. */
export interface OptionLayers {
  /** By `section.option`. */
  readonly options: ReadonlyMap<string, LayeredValue>;
  readonly files: readonly string[];
}

const includeVariable = "NEXTGISWEB_CONFIG_INCLUDE";

/**
 * Lays all sources over each other, later ones winning: the files, `NEXTGISWEB_CONFIG_INCLUDE`, then the variables of
 * single options. An empty value deletes the option. References to the environment are replaced at the end.
 * @throws UsageError when a file cannot be read or breaks the rules
 */
export async function loadOptionLayers(choice: ConfigFileChoice): Promise<OptionLayers> {
  const layers = new Map<string, LayeredValue>();
  const files = await chooseConfigFiles(choice);
  for (const name of files) applyDocument(layers, await readConfigFile(name, choice.cwd), name);

  const include = choice.env[includeVariable];
  // Python reads this text without translating line ends: only \n ends a line.
  if (include !== undefined) applyDocument(layers, parseIni(include.split("\n"), includeVariable), includeVariable);

  for (const [name, value] of Object.entries(choice.env)) {
    const key = optionOfVariable(name);
    if (key === undefined || value === undefined) continue;
    apply(layers, key, { value, source: `environment ${name}`, fromDefaults: false });
  }
  for (const [key, layered] of layers) {
    layers.set(key, { ...layered, value: substitute(layered.value, choice.env) });
  }
  return { options: layers, files };
}

function applyDocument(layers: Map<string, LayeredValue>, { sections, defaults }: IniDocument, label: string): void {
  for (const [section, own] of sections) {
    for (const [option, { value, line }] of new Map([...defaults, ...own])) {
      apply(layers, `${section}.${option}`, { value, source: `${label}:${line}`, fromDefaults: !own.has(option) });
    }
  }
}

function apply(layers: Map<string, LayeredValue>, key: string, layered: LayeredValue): void {
  if (layered.value === "") layers.delete(key);
  else layers.set(key, layered);
}
