import { DamagedError } from "../errors.ts";

/** Names a blob of file storage: the component that owns it and 32 hex digits that are never used twice. */
export interface BlobName {
  component: string;
  uuid: string;
}

/** Where an instance keeps its files. Folders are absolute; one that is undefined is not configured. */
export interface StorageFolders {
  /** Folder of all data of the application, `sdir`. */
  dataFolder: string | undefined;
  /** `[file_storage] path`, else `<sdir>/file_storage`. */
  blobFolder: string | undefined;
  /** `<sdir>/core/fontconfig`. */
  fontFolder: string | undefined;
  /** `<sdir>/render/tile_cache`. */
  tileCacheFolder: string | undefined;
}

const componentPattern = /^[a-z_][a-z0-9_]{0,62}$/;
const uuidPattern = /^[0-9a-f]{32}$/;
const fontPattern = /^[A-Za-z0-9_-]+\.(ttf|otf)$/;

/** Whether a name, perhaps from an archive, is one that file storage uses; nothing else may become part of a path. */
export function isBlobName(name: BlobName): boolean {
  return componentPattern.test(name.component) && uuidPattern.test(name.uuid);
}

/** Whether a file name is a font of the application's. */
export function isFontName(fileName: string): boolean {
  return fontPattern.test(fileName);
}

/** Whether a name is one that can stand in the folder of cached tiles, and nowhere else. */
export function isTileName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}

/**
 * Path of a blob relative to the storage folder: `<component>/<uuid[0:2]>/<uuid[2:4]>/<uuid>`.
 * @throws DamagedError when the name is not one of file storage
 */
export function blobPath(name: BlobName): string {
  if (!isBlobName(name))
    throw new DamagedError(
      "bad-blob-name",
      `${JSON.stringify(name.component)} ${JSON.stringify(name.uuid)} does not name a blob: expected a component and 32 hex digits`,
    );
  const { component, uuid } = name;
  // Not by `join`, which would look for `..` and `.` in hundreds of thousands of names that cannot have them.
  return `${component}/${uuid.slice(0, 2)}/${uuid.slice(2, 4)}/${uuid}`;
}

/** The blob that a path relative to the storage folder names, undefined for any other file. */
export function blobOfPath(relativePath: string): BlobName | undefined {
  const [component, first, second, uuid, ...rest] = relativePath.split("/");
  if (component === undefined || uuid === undefined || rest.length > 0) return undefined;
  const name = { component, uuid };
  if (!isBlobName(name) || uuid.slice(0, 2) !== first || uuid.slice(2, 4) !== second) return undefined;
  return name;
}
