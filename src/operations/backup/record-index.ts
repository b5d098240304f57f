import { encodeIndexRecord, type IndexPayload } from "../../archive/index-records.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import { PackedLines } from "../../archive/packed-lines.ts";
import { plainEntry } from "./plain-entry.ts";

/**
 * Collects the `$index` of a component while its records are written, deflated, so that 200,000 blobs cost a few MiB;
 * record numbers count from 1 without a gap.
 */
export class RecordIndex {
  readonly #identity: "fileobj" | "font";
  readonly #lines = new PackedLines();
  #count = 0;

  constructor(identity: "fileobj" | "font") {
    this.#identity = identity;
  }

  /** Number of the record that comes next. */
  get nextId(): number {
    return this.#count + 1;
  }

  add(payload: IndexPayload): void {
    this.#count += 1;
    this.#lines.add(encodeIndexRecord({ id: this.#count, identity: this.#identity, payload }));
  }

  /** Writes the index into something else. */
  async copyTo(writer: ArchiveWriter, name: string): Promise<void> {
    const open = await writer.openEntry(name, { deflate: true });
    for await (const chunk of this.#lines.read()) await open.write(chunk);
    await open.close();
  }

  /** Writes the index as an entry of its own and names it in the manifest. */
  async writeTo(writer: ArchiveWriter, manifest: ManifestBuilder, name: string): Promise<void> {
    const open = await writer.openEntry(name, { deflate: true });
    for await (const chunk of this.#lines.read()) await open.write(chunk);
    const entry = await open.close();
    manifest.addEntry(plainEntry(entry));
  }
}
