import { digestAt } from "../../../archive/block-digest.ts";
import { partsOf } from "../../../archive/entry-places.ts";
import type { ManifestEntry } from "../../../archive/manifest.ts";

/** Where a frame stands that need not be written again. */
export interface BlockPlace {
  /** Id of the archive, in the one that is being written. */
  archive: number;
  /** Of the entry there. */
  name: string;
  offsetBytes: number;
  storedBytes: number;
  plainBytes: number;
  rows: number;
  /** Of the entry that it is a part of, where that stands whole in one place. */
  whole?: { frames: number; storedBytes: number; sha256: string };
}

/** Some frames that stand one after another in their table, from the first one's number. */
export interface FrameRange {
  first: number;
  count: number;
}

/** A frame of an earlier archive, with its digest there. */
export interface EarlierBlock {
  place: BlockPlace;
  digest: Uint8Array;
}

/** The frames of a table of an earlier archive, to be found by what they hold or by their number; each is given once. */
export class TableBlocks {
  readonly #entry: ManifestEntry;
  readonly #idOf: (archive: number) => number;
  /** In order; their digests stand in the entry. */
  #inOrder: readonly BlockPlace[] | undefined;
  readonly #digests: Buffer;
  /** By digest, those that were not given yet. */
  readonly #places = new Map<string, BlockPlace[]>();
  readonly #given = new Set<BlockPlace>();

  /**
   * @param entry of the table, with digests
   * @param idOf says how the archives that its line names are called in the one that is being written
   */
  constructor(entry: ManifestEntry, idOf: (archive: number) => number) {
    this.#entry = entry;
    this.#idOf = idOf;
    this.#digests = Buffer.from(entry.digests ?? "", "base64");
  }

  /** How many frames the table has there. */
  get length(): number {
    return this.#entry.frames?.length ?? 0;
  }

  /** Rows in some of them. */
  rowsIn({ first, count }: FrameRange): number {
    const frames = this.#entry.frames ?? [];
    return frames.slice(first, first + count).reduce((sum, [, , rows]) => sum + rows, 0);
  }

  /** A frame that holds this block, and has not been given yet. */
  take(digest: Uint8Array, plainBytes: number, rows: number): BlockPlace | undefined {
    this.#read();
    const found = this.#places.get(keyOf(digest));
    while (found?.[0] !== undefined && this.#given.has(found[0])) found.shift();
    const place = found?.[0];
    if (place === undefined || place.plainBytes !== plainBytes || place.rows !== rows) return undefined;
    found?.shift();
    this.#given.add(place);
    return place;
  }

  /** Frames by their number; undefined when one of them is not there or was given already, and then none is. */
  takeRange({ first, count }: FrameRange): readonly EarlierBlock[] | undefined {
    const places = this.#read().slice(first, first + count);
    if (places.length !== count || places.some((place) => this.#given.has(place))) return undefined;
    for (const place of places) this.#given.add(place);
    return places.map((place, index) => ({ place, digest: digestAt(this.#digests, first + index) }));
  }

  #read(): readonly BlockPlace[] {
    if (this.#inOrder !== undefined) return this.#inOrder;
    const { frames = [], parts, storedBytes, sha256 } = this.#entry;
    const whole = parts === undefined ? { frames: frames.length, storedBytes, sha256 } : undefined;
    const places: BlockPlace[] = [];
    for (const [archive, name, startBytes, count] of partsOf(this.#entry)) {
      const id = this.#idOf(archive);
      let offsetBytes = startBytes;
      for (const end = places.length + count; places.length < end;) {
        const [bytes, plainBytes, rows] = frames[places.length]!;
        const place: BlockPlace = { archive: id, name, offsetBytes, storedBytes: bytes, plainBytes, rows };
        if (whole !== undefined) place.whole = whole;
        const key = keyOf(digestAt(this.#digests, places.length));
        places.push(place);
        const others = this.#places.get(key);
        if (others === undefined) this.#places.set(key, [place]);
        else others.push(place);
        offsetBytes += bytes;
      }
    }
    this.#inOrder = places;
    return places;
  }
}

function keyOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("latin1");
}
