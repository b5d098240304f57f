import path from "node:path";
import type { OptionDefinition } from "./option-reader.ts";
import type { ShownOptions } from "./shown-options.ts";
import { type ValueType, pathType } from "./value-types.ts";

const storeUrl = /^(?:s3:\/\/|rclone:)/;
const anyUrl = /^[a-z][a-z0-9+.-]+:\/\//i;

/** A folder, and no store's URL, which NextGIS Web would take for the name of one. */
const folderType: ValueType<string> = {
  expected: "a folder (the URL of a store stands in option place of section [ngwbackup])",
  parse: (text) => (storeUrl.test(text) || anyUrl.test(text) ? undefined : pathType.parse(text)),
};

/** A folder, or the URL of a store. Whether that is complete is for who opens it to find out. */
const placeType: ValueType<string> = {
  expected: "a folder, s3://BUCKET/PREFIX/ or rclone:REMOTE:PATH/",
  parse: (text) => (text === "-" || (anyUrl.test(text) && !storeUrl.test(text)) ? undefined : pathType.parse(text)),
};

/** Options for where archives are. */
export const placeOptions = {
  backupPath: { section: "core", option: "backup.path", type: folderType },
  place: { section: "ngwbackup", option: "place", type: placeType },
  basePath: { section: "ngwbackup", option: "base.path", type: placeType },
} satisfies Record<string, OptionDefinition<unknown>>;

/** What to do where no place for archives is configured, for hints. */
export const placeHint = "set backup.path in section [core] of the configuration, or place in section [ngwbackup]";

/** Where archives are. */
export interface Places {
  /** Where they are written to and looked for when nobody names a place: a folder (absolute), or a store's URL. */
  place?: string;
  /** The same, when it is a folder of this machine. */
  path?: string;
  /** Where else archives are that others refer to. */
  basePath: string | undefined;
}

/**
 * Reads where archives are. Our own option wins over NextGIS Web's.
 * @param cwd against which relative paths count
 * @throws UsageError for a wrong value
 */
export function readPlaces(shown: ShownOptions, cwd: string): Places {
  const folder = shown.readPath(placeOptions.backupPath);
  const own = shown.read(placeOptions.place, withoutSecrets);
  const basePath = shown.read(placeOptions.basePath, withoutSecrets);
  if (own !== undefined && storeUrl.test(own)) return { place: own, basePath };
  const place = own === undefined ? folder : path.resolve(cwd, own);
  return place === undefined ? { basePath } : { place, path: place, basePath };
}

/**
 * A place as it is shown: neither with the password of a URL nor with what stands in parameters of a remote; both are refused where
 * they are used.
 */
export function withoutSecrets(place: string): string {
  return place.replace(/\/\/[^/@]*@/, "//...@").replace(/^(rclone::?[^:/,]*),.*$/s, "$1,...");
}
