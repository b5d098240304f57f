import { componentIndexName, parseEntryName } from "../../../archive/entry-names.ts";
import { decodeIndexRecords } from "../../../archive/index-records.ts";
import type { ManifestEntry, ManifestHeader } from "../../../archive/manifest.ts";
import { readManifestEntries } from "../../../archive/manifest-scan.ts";
import type { ArchiveReader } from "../../../archive/reader.ts";

/** A blob that an earlier archive holds. */
export interface EarlierBlob {
  /** Plain. */
  sizeBytes: number;
  /** Of the plain content, lower-case hex. */
  sha256: string;
  /** What the manifest that is being written says of it, but for its name. */
  line: Pick<ManifestEntry, "storedBytes" | "contentBytes" | "sha256" | "codec" | "plainBytes" | "frames" | "from">;
}

const component = "file_storage";

/**
 * Finds blobs in an earlier archive by their names, asked for in the order in which archives list them: its index and its
 * manifest are read along once, so that hundreds of thousands take no memory. One that is asked for out of order is not found.
 */
export class EarlierBlobs {
  readonly #reader: ArchiveReader;
  readonly #header: ManifestHeader;
  readonly #idOf: (archive: number) => number;
  #blobs: AsyncGenerator<[key: string, blob: EarlierBlob]> | undefined;
  #next: [key: string, blob: EarlierBlob] | undefined;
  #ended = false;

  /**
   * @param reader of the archive alone, without those that it refers to
   * @param idOf says how the archives that its lines name are called in the one that is being written
   */
  constructor(reader: ArchiveReader, header: ManifestHeader, idOf: (archive: number) => number) {
    this.#reader = reader;
    this.#header = header;
    this.#idOf = idOf;
  }

  /** @throws DamagedError when index or manifest cannot be read on */
  async find(name: { component: string; uuid: string }): Promise<EarlierBlob | undefined> {
    const key = keyOf(name);
    for (;;) {
      if (this.#next === undefined) await this.#advance();
      if (this.#next === undefined || this.#next[0] > key) return undefined;
      const [found, blob] = this.#next;
      this.#next = undefined;
      if (found === key) return blob;
    }
  }

  /** Ends the reading; nothing is found any more. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#blobs?.return(undefined);
  }

  async #advance(): Promise<void> {
    if (this.#ended) return;
    this.#blobs ??= this.#read();
    const { done, value } = await this.#blobs.next();
    if (done === true) this.#ended = true;
    else this.#next = value;
  }

  async *#read(): AsyncGenerator<[string, EarlierBlob]> {
    const indexName = componentIndexName(component);
    const { label, entries } = this.#reader;
    if (!entries.has(indexName)) return;
    const lines = readManifestEntries(this.#reader, this.#header, "component/");
    try {
      for await (const { id, payload } of decodeIndexRecords(label, indexName, this.#reader.read(indexName))) {
        const line = await lineOf(lines, id);
        if (line === undefined) return;
        const sha256 = payload.sha256 ?? (line.codec === "none" ? line.sha256 : undefined);
        if (sha256 === undefined || !("uuid" in payload)) continue;
        yield [keyOf(payload), { sizeBytes: line.plainBytes, sha256, line: this.#referTo(line) }];
      }
    } finally {
      await lines.return(undefined);
    }
  }

  #referTo({
    name,
    storedBytes,
    contentBytes,
    sha256,
    codec,
    plainBytes,
    frames,
    from,
  }: ManifestEntry): EarlierBlob["line"] {
    return {
      storedBytes,
      contentBytes,
      sha256,
      codec,
      plainBytes,
      ...(frames === undefined ? {} : { frames }),
      from:
        from === undefined ? { archive: this.#idOf(0), name } : { archive: this.#idOf(from.archive), name: from.name },
    };
  }
}

/** The line of a record; lines come in the order of the records, as all of an archive's entries do. */
async function lineOf(lines: AsyncGenerator<ManifestEntry>, id: number): Promise<ManifestEntry | undefined> {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const parsed = parseEntryName(next.value.name);
    if (parsed?.kind === "record" && parsed.component === component && parsed.id === id) return next.value;
  }
  return undefined;
}

/** Names in the order of `listBlobs`, byte by byte. */
function keyOf({ component: of, uuid }: { component: string; uuid: string }): string {
  return `${of}\0${uuid}`;
}
