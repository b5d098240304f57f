import { basename } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { type Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { freeSpaceAt, type FreeSpace } from "../../files/free-space.ts";
import { silentReporter } from "../../progress.ts";
import { SharedAnswer } from "../../shared-answer.ts";
import { type Candidate, archivesIn } from "../list/archives-in.ts";
import { accessWith } from "../stores/archive-access.ts";
import type { ArchiveReaderThread } from "./archive-reader.ts";
import { KnownArchives } from "./known-archives.ts";
import type { KnownArchive } from "./look-at-archive.ts";
import { type ArchivePlace, archiveId, placeIdOf, placesOf } from "./places.ts";

/** An archive of a place that is configured. */
export interface CatalogArchive {
  /** Opaque, of its place and its name; stays the same. */
  id: string;
  place: ArchivePlace;
  /** Without the place. */
  name: string;
  /** Path or URL. */
  path: string;
  isFolder: boolean;
  /** When it was last written, milliseconds since 1970. */
  modifiedAt: number;
  known: KnownArchive;
  /** Of those that it refers to, the names that are neither beside it nor in `base.path`. */
  missingBase: readonly string[];
}

/** A place with what is in it. */
export interface CatalogPlace {
  place: ArchivePlace;
  /** Why it, or all that is in it, cannot be looked into. */
  problem: AppError | undefined;
  /** Of a folder, where the system can tell. */
  space: FreeSpace | undefined;
  /** Newest first. */
  archives: readonly CatalogArchive[];
}

/**
 * The archives of all places that are configured. An archive is looked into once, and again when its size or its time has
 * changed, or the keys that open it; names are listed each time.
 */
export class ArchiveCatalog {
  readonly #context: Context;
  readonly #known: KnownArchives;
  /** By place: several ask for the same at once. */
  readonly #listings = new Map<string, SharedAnswer<CatalogPlace>>();
  #settings: Settings | undefined;

  /** @param reader stays the caller's */
  constructor(reader: ArchiveReaderThread, context: Context) {
    this.#context = context;
    this.#known = new KnownArchives(reader);
  }

  /** All places. @throws UsageError when one is none */
  async list(settings: Settings): Promise<CatalogPlace[]> {
    const places = placesOf(settings, this.#context.cwd);
    return await Promise.all(places.map(async (place) => await this.#listOnce(place, settings)));
  }

  /** The place of an id; undefined when it is not configured (any more). */
  async place(id: string, settings: Settings): Promise<CatalogPlace | undefined> {
    const place = placesOf(settings, this.#context.cwd).find((one) => one.id === id);
    return place === undefined ? undefined : await this.#listOnce(place, settings);
  }

  /**
   * The archive of an id, as it is there now; undefined when there is none.
   * @throws AppError why its place cannot be looked into
   */
  async find(id: string, settings: Settings): Promise<CatalogArchive | undefined> {
    const placeId = placeIdOf(id);
    const place = placeId === undefined ? undefined : await this.place(placeId, settings);
    const found = place?.archives.find((archive) => archive.id === id);
    if (found === undefined && place?.problem !== undefined) throw place.problem;
    return found;
  }

  async #listOnce(place: ArchivePlace, settings: Settings): Promise<CatalogPlace> {
    this.#settings = settings;
    let listing = this.#listings.get(place.id);
    if (listing === undefined) {
      listing = new SharedAnswer(async () => {
        // The configuration as it is when it begins.
        const current = this.#settings ?? settings;
        const known = placesOf(current, this.#context.cwd).find(({ id }) => id === place.id);
        return await this.#list(known ?? place, current);
      });
      this.#listings.set(place.id, listing);
    }
    return await listing.get();
  }

  async #list(place: ArchivePlace, settings: Settings): Promise<CatalogPlace> {
    const space = place.isLocal ? await freeSpaceAt(place.name) : undefined;
    try {
      const candidates = await this.#candidates(place.name, settings);
      const { known, problem } = await this.#known.know(place.id, candidates, settings);
      const names = new Set(candidates.map(({ path }) => basename(path)));
      const elsewhere = await this.#baseNames(place, settings, [...known.values()], names);
      const archives = candidates.flatMap((candidate): CatalogArchive[] => {
        const facts = known.get(candidate.path);
        if (facts === undefined) return [];
        const { path, sizeBytes, modifiedAt } = candidate;
        const name = basename(path);
        return [
          {
            id: archiveId(place, name),
            place,
            name,
            path,
            isFolder: sizeBytes === undefined,
            modifiedAt: modifiedAt.getTime(),
            known: facts,
            missingBase: facts.base.filter((base) => !names.has(base) && !elsewhere.has(base)),
          },
        ];
      });
      archives.sort((a, b) => b.known.time - a.known.time || a.path.localeCompare(b.path));
      return { place, problem, space, archives };
    } catch (error) {
      this.#context.signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      return { place, problem: error, space, archives: [] };
    }
  }

  async #candidates(where: string, settings: Settings): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for await (const candidate of archivesIn(where, accessWith(settings, this.#context, silentReporter)))
      found.push(candidate);
    return found;
  }

  /** Names in `base.path`, if an archive refers to one that is not beside it. */
  async #baseNames(
    place: ArchivePlace,
    settings: Settings,
    known: readonly KnownArchive[],
    names: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>> {
    const { basePath } = settings.ngwbackup;
    const isComplete = known.every(({ base }) => base.every((name) => names.has(name)));
    if (isComplete || basePath === undefined || basePath === place.name) return new Set();
    const there = await this.#candidates(basePath, settings).catch((error: unknown) => {
      if (error instanceof AppError) return [];
      throw error;
    });
    return new Set(there.map(({ path }) => basename(path)));
  }
}
