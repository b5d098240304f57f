import { createChainReader } from "../../archive/chain-reader.ts";
import { type BaseArchive, readManifest } from "../../archive/manifest.ts";
import { readManifestHeader } from "../../archive/manifest-scan.ts";
import { digestOfComment } from "../../archive/manifest-types.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { AppError, DamagedError, RefusedError } from "../../errors.ts";
import type { OpenedArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { besideArchive, insidePlace, withoutLinks } from "./base-names.ts";

/** Opens an archive by its name, whatever it refers to. */
type OpenAlone = (name: string, access: ArchiveAccess) => Promise<OpenedArchive>;

/**
 * The archives that an archive refers to, newest first; empty for one that stands for itself. Whoever removes archives must
 * keep these as long as it is kept: references name each of them directly, so that there are no others behind them.
 * @throws DamagedError, RefusedError as reading its manifest does
 */
export async function referredArchives(reader: ArchiveReader): Promise<readonly BaseArchive[]> {
  return (await readManifestHeader(reader))?.base ?? [];
}

/**
 * Makes the whole archive of one that refers to others, which are looked for beside it and in `base.path`; one that stands for
 * itself stays as it is. The reader that is returned closes all of them; when this throws, the one given is still the caller's.
 * @param name of the archive as it was opened
 * @throws RefusedError base-missing (exit 4); DamagedError base-differs (exit 5) for another archive of the same name; for
 * anything wrong with the manifest as `readManifest` does
 */
export async function openChain(
  reader: ArchiveReader,
  name: string,
  access: ArchiveAccess,
  openAlone: OpenAlone,
): Promise<ArchiveReader> {
  const header = await readManifestHeader(reader);
  if (header === undefined || header.base === null) return reader;
  const manifest = await readManifest(reader);
  if (manifest === undefined || manifest.header.base === null)
    throw new Error(`${reader.label}: another manifest at the second look`);
  const bases = new Map<number, ArchiveReader>();
  try {
    for (const base of manifest.header.base) bases.set(base.id, await findBase(base, reader, name, access, openAlone));
    return createChainReader(reader, manifest, bases);
  } catch (error) {
    for (const base of bases.values()) await base.close();
    throw error;
  }
}

async function findBase(
  base: BaseArchive,
  { label }: ArchiveReader,
  archive: string,
  access: ArchiveAccess,
  openAlone: OpenAlone,
): Promise<ArchiveReader> {
  const places: string[] = [];
  let wrong: AppError | undefined;
  const look = async (name: string | undefined): Promise<ArchiveReader | undefined> => {
    if (name === undefined || places.includes(name)) return undefined;
    places.push(name);
    try {
      return await openExact(base, label, name, access, openAlone);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code !== "archive-missing") wrong ??= error;
      return undefined;
    }
  };
  const { cwd } = access.context;
  let found = await look(besideArchive(archive, base.fileName, cwd));
  found ??= await look(besideArchive(await withoutLinks(archive, cwd), base.fileName, cwd));
  if (found === undefined) {
    const { basePath } = (await access.load()).ngwbackup;
    if (basePath !== undefined) found = await look(insidePlace(basePath, base.fileName, cwd));
  }
  if (found !== undefined) return found;
  if (wrong !== undefined) throw wrong;
  throw new RefusedError(
    "base-missing",
    `${label} refers to the archive ${base.fileName} of ${base.createdAt.slice(0, 19).replace("T", " ")} UTC, which is not there`,
    {
      details: places.map((place) => `looked for ${place}`),
      hints: [
        `put ${base.fileName} beside it`,
        "or set base.path in section [ngwbackup] to the folder or store that has it",
      ],
    },
  );
}

/** Opens an archive that must be exactly the one that is referred to. */
async function openExact(
  base: BaseArchive,
  label: string,
  name: string,
  access: ArchiveAccess,
  openAlone: OpenAlone,
): Promise<ArchiveReader> {
  const { reader } = await openAlone(name, access);
  const found = digestOfComment(reader.comment);
  if (found === base.sha256) return reader;
  const other = reader.label;
  await reader.close();
  throw new DamagedError(
    "base-differs",
    `${label} refers to another archive than ${other}: expected manifest sha256 ${base.sha256}, found ${found ?? "none"}`,
    { hints: [`find the archive ${base.fileName} that was made at ${base.createdAt}`] },
  );
}
