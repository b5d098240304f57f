import type { Random } from "../random.ts";
import type { Parts } from "./forge.ts";

/** An archive that somebody made to do harm. */
export interface HostileCase {
  name: string;
  /** Exit codes that verify may end with: 5 alone when left out. */
  exitCodes?: readonly number[];
  /** What verify must say. */
  says?: RegExp;
  /** It is as its digests say: a restore meets what is wrong while it loads aside, or not at all, and not before. */
  fitsDigests?: boolean;
  /**
   * Makes the archive.
   * @param parts of a sound archive, for the case to change
   * @param path where a folder may be made instead
   * @returns the bytes of a ZIP, or undefined when there is a folder or a file at `path` now
   */
  build(parts: Parts, path: string, random: Random): Buffer | undefined | Promise<Buffer | undefined>;
  /** Verified by a process of its own that may take so much memory; by none when left out. */
  mostMb?: number;
}
