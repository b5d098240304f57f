import type { PlannedStage } from "../../progress.ts";
import type { EntryCheck } from "./check-entry.ts";

/** Measured on two cores, archive in the page cache; what counts is the ratio of one to another (see PlannedStage). */
const storedBytesPerMs = 1_800_000;
const decodedBytesPerMs = 1_000_000;
const entryMs = 0.02;
/** Threads start. */
const startMs = 300;
/** What a codec makes of a byte, where an archive does not say. */
const usualExpansion = 2.5;

type Expected = Pick<EntryCheck, "listed" | "codec" | "decode"> & { entry: { contentBytes: number } };

/** Expects what the check of an entry takes, in ms. */
function expectCheck({ entry, listed, codec, decode }: Expected): number {
  const decoded = !decode || codec === "none" ? 0 : (listed?.plainBytes ?? entry.contentBytes * usualExpansion);
  return entryMs + entry.contentBytes / storedBytesPerMs + decoded / decodedBytesPerMs;
}

/** The stage of a verification, and what it is expected to take. */
export function expectVerify(checks: readonly Expected[]): PlannedStage {
  return { stage: "verify", expectedMs: checks.reduce((sum, check) => sum + expectCheck(check), startMs) };
}

/**
 * How much of the work is done when so many bytes are read of entries that are checked in order: bytes of a table, which are
 * decompressed, take several times as long as those of a file that is stored as it is.
 * @returns takes the bytes read until now, which never become fewer; gives a share from 0 to 1
 */
export function workOfBytes(checks: readonly Expected[]): (readBytes: number) => number {
  const totalMs = expectVerify(checks).expectedMs;
  let next = 0;
  let passed = { bytes: 0, ms: startMs };
  return (readBytes) => {
    if (readBytes === 0) return 0;
    for (let check = checks[next]; check !== undefined; check = checks[next]) {
      const { contentBytes } = check.entry;
      const ms = expectCheck(check);
      const intoBytes = readBytes - passed.bytes;
      if (intoBytes < contentBytes) return (passed.ms + (ms * intoBytes) / contentBytes) / totalMs;
      passed = { bytes: passed.bytes + contentBytes, ms: passed.ms + ms };
      next += 1;
    }
    return 1;
  };
}
