import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { parseMigrationFileName, parsePythonHeader, parseSqlHeader } from "./header.ts";
import { initialRevision, type Migration, MigrationTreeError, revisionKey } from "./migration.ts";

/** A component of the installed application. */
export interface ComponentFolder {
  component: string;
  /** Its migration folder; undefined when it has none. */
  folder: string | undefined;
}

/** All migrations that the installed application has. */
export interface MigrationCatalog {
  /** By component and revision. */
  migrations: Migration[];
  /** Every component that is known to be installed, those without migrations too. */
  components: ReadonlySet<string>;
  /** False when only some migration folders are known, so that a component which is not listed may still be installed. */
  complete: boolean;
}

/**
 * Reads the headers of all migration files in the components' folders. Files of other names are passed over, and so are
 * rewinding files, which the forward ones describe as well.
 * @throws MigrationTreeError when a folder cannot be read, a header is broken, a file is named for another revision than
 *   its header's, or a revision stands in two files
 */
export async function readCatalog(
  folders: readonly ComponentFolder[],
  options: { complete: boolean },
): Promise<MigrationCatalog> {
  const migrations: Migration[] = [];
  for (const { component, folder } of folders) {
    if (folder !== undefined) migrations.push(...(await readFolder(component, folder)));
  }
  const seen = new Map<string, string>();
  for (const migration of migrations) {
    const other = seen.get(revisionKey(migration));
    if (other !== undefined)
      throw new MigrationTreeError(`migration ${revisionKey(migration)} stands in two files`, {
        details: [other, migration.path],
      });
    seen.set(revisionKey(migration), migration.path);
  }
  return { migrations, components: new Set(folders.map(({ component }) => component)), ...options };
}

async function readFolder(component: string, folder: string): Promise<Migration[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new MigrationTreeError(`cannot read migration folder ${folder}: ${messageOf(error)}`, { cause: error });
  }
  const migrations: Migration[] = [];
  for (const name of names.sort()) {
    const file = parseMigrationFileName(name);
    if (file === undefined || file.kind === "rewind") continue;
    const path = join(folder, name);
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      throw new MigrationTreeError(`cannot read migration ${path}: ${messageOf(error)}`, { cause: error });
    });
    const header = file.kind === "python" ? parsePythonHeader(text, path) : parseSqlHeader(text, path);
    if (header.revision !== file.revision)
      throw new MigrationTreeError(`header of ${path} says revision ${header.revision}, its name ${file.revision}`);
    if (header.revision === initialRevision)
      throw new MigrationTreeError(`${path} has the revision ${initialRevision}, which stands for an empty component`);
    migrations.push({ component, ...header, path });
  }
  return migrations;
}
