import { createHash } from "node:crypto";
import { encodeDigests } from "../../../archive/block-digest.ts";
import type { EntryPart, ManifestEntry } from "../../../archive/manifest.ts";
import type { BlockPlace } from "./table-blocks.ts";

/** Of what an archive holds of an entry that stands elsewhere. */
export const emptySha256: string = createHash("sha256").digest("hex");

/** Frames of an entry in order, as its line in the manifest has them: those that are written, and those that stand elsewhere. */
export class FrameList {
  rows = 0;
  plainBytes = 0;
  contentBytes = 0;
  /** Of those that are written. */
  ownBytes = 0;
  readonly #frames: [number, number, number][] = [];
  readonly #digests: Uint8Array[] = [];
  readonly #parts: EntryPart[] = [];
  #last: BlockPlace | undefined;

  get length(): number {
    return this.#frames.length;
  }

  /** @param digest of the plain frame; undefined when none are kept */
  addOwn(storedBytes: number, plainBytes: number, rows: number, digest: Uint8Array | undefined): void {
    this.#add(storedBytes, plainBytes, rows, digest);
    const last = this.#parts.at(-1);
    if (last?.[0] === 0) last[3] += 1;
    else this.#parts.push([0, "", this.ownBytes, 1]);
    this.ownBytes += storedBytes;
    this.#last = undefined;
  }

  addReferred(place: BlockPlace, digest: Uint8Array): void {
    this.#add(place.storedBytes, place.plainBytes, place.rows, digest);
    const last = this.#last;
    const part = this.#parts.at(-1);
    const follows =
      part !== undefined &&
      last?.archive === place.archive &&
      last.name === place.name &&
      last.offsetBytes + last.storedBytes === place.offsetBytes;
    if (follows) part[3] += 1;
    else this.#parts.push([place.archive, place.name, place.offsetBytes, 1]);
    this.#last = place;
  }

  #add(storedBytes: number, plainBytes: number, rows: number, digest: Uint8Array | undefined): void {
    this.#frames.push([storedBytes, plainBytes, rows]);
    if (digest !== undefined) this.#digests.push(digest);
    this.rows += rows;
    this.plainBytes += plainBytes;
    this.contentBytes += storedBytes;
  }

  /**
   * What the manifest says of it.
   * @param own digest of what was written
   */
  describe(
    own: string,
  ): Pick<
    ManifestEntry,
    "storedBytes" | "contentBytes" | "sha256" | "plainBytes" | "frames" | "digests" | "parts" | "from"
  > {
    const common = {
      contentBytes: this.contentBytes,
      plainBytes: this.plainBytes,
      frames: this.#frames,
      ...(this.#digests.length === 0 ? {} : { digests: encodeDigests(this.#digests) }),
    };
    const [first] = this.#parts;
    if (first === undefined || (this.#parts.length === 1 && first[0] === 0))
      return { storedBytes: this.ownBytes, sha256: own, ...common };
    const whole = this.#last?.whole;
    if (this.#parts.length === 1 && first[2] === 0 && whole?.frames === this.length)
      return {
        storedBytes: whole.storedBytes,
        sha256: whole.sha256,
        ...common,
        from: { archive: first[0], name: first[1] },
      };
    return { storedBytes: this.ownBytes, sha256: own, ...common, parts: this.#parts };
  }
}
