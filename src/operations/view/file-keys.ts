import { createHash } from "node:crypto";
import type { IndexRecord } from "../../archive/index-records.ts";

/**
 * A set of files that is told apart from another by what it has more and less. A file is 64 bits of its name: a million of them
 * take 8 MiB, and two of a million share theirs once in millions of archives.
 */
export class FileKeys {
  #keys = new BigUint64Array(1024);
  #count = 0;
  #isSorted = true;

  add(record: IndexRecord): void {
    if (this.#count === this.#keys.length) {
      const wider = new BigUint64Array(this.#keys.length * 2);
      wider.set(this.#keys);
      this.#keys = wider;
    }
    this.#keys[this.#count] = keyOf(record);
    this.#count += 1;
    this.#isSorted = false;
  }

  /** How many of another set are not in this one. */
  missing(other: FileKeys): number {
    const [own, others] = [this.#sorted(), other.#sorted()];
    let at = 0;
    let missing = 0;
    for (const key of others) {
      while (at < own.length && own[at]! < key) at += 1;
      if (own[at] !== key) missing += 1;
    }
    return missing;
  }

  #sorted(): BigUint64Array {
    const keys = this.#keys.subarray(0, this.#count);
    if (!this.#isSorted) keys.sort();
    this.#isSorted = true;
    return keys;
  }
}

function keyOf({ payload }: IndexRecord): bigint {
  if ("uuid" in payload) return BigInt(`0x${payload.uuid.slice(0, 16)}`) ^ BigInt(`0x${payload.uuid.slice(16)}`);
  return createHash("sha256").update(payload.filename).digest().readBigUInt64BE();
}
