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

/** The frames of a table of an earlier archive, to be found by what they hold; each is given once. */
export class TableBlocks {
  readonly #entry: ManifestEntry;
  readonly #idOf: (archive: number) => number;
  readonly #places = new Map<string, BlockPlace[]>();
  #isRead = false;

  /**
   * @param entry of the table, with digests
   * @param idOf says how the archives that its line names are called in the one that is being written
   */
  constructor(entry: ManifestEntry, idOf: (archive: number) => number) {
    this.#entry = entry;
    this.#idOf = idOf;
  }

  /** A frame that holds this block, and has not been given yet. */
  take(digest: Uint8Array, plainBytes: number, rows: number): BlockPlace | undefined {
    if (!this.#isRead) this.#read();
    const key = keyOf(digest);
    const found = this.#places.get(key);
    const place = found?.[0];
    if (place === undefined || place.plainBytes !== plainBytes || place.rows !== rows) return undefined;
    found?.shift();
    return place;
  }

  #read(): void {
    this.#isRead = true;
    const { frames = [], digests = "", parts, storedBytes, sha256 } = this.#entry;
    const all = Buffer.from(digests, "base64");
    const whole = parts === undefined ? { frames: frames.length, storedBytes, sha256 } : undefined;
    let frame = 0;
    for (const [archive, name, startBytes, count] of partsOf(this.#entry)) {
      const id = this.#idOf(archive);
      let offsetBytes = startBytes;
      for (const end = frame + count; frame < end; frame += 1) {
        const [bytes, plainBytes, rows] = frames[frame]!;
        const place: BlockPlace = { archive: id, name, offsetBytes, storedBytes: bytes, plainBytes, rows };
        if (whole !== undefined) place.whole = whole;
        const key = keyOf(digestAt(all, frame));
        const others = this.#places.get(key);
        if (others === undefined) this.#places.set(key, [place]);
        else others.push(place);
        offsetBytes += bytes;
      }
    }
  }
}

function keyOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("latin1");
}
