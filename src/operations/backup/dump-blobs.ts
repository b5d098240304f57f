import type { BlobRecord } from "../../applications/application.ts";
import { componentIndexName, componentRecordName } from "../../archive/entry-names.ts";
import type { ManifestBuilder, ManifestLoss } from "../../archive/manifest.ts";
import type { ArchiveWriter, EntryTotals, EntryWriter } from "../../archive/writer.ts";
import type { EarlierBlobs } from "./base/earlier-blobs.ts";
import type { BufferPool } from "../../buffer-pool.ts";
import type { Pins } from "../../files/pins.ts";
import type { StageProgress } from "../../progress.ts";
import type { RateLimit } from "../../rate-limit.ts";
import { type BlobRun, planRuns } from "./blob-runs.ts";
import type { BlobCrew } from "./blob-threads/blob-crew.ts";
import { limitOutput } from "./limited-output.ts";
import { runOrderedPieces } from "./ordered-pieces.ts";
import type { BlobFacts, BlobPacking } from "./blob-facts.ts";
import { type BlobBlock, readRun } from "./read-blob.ts";
import { RecordIndex } from "./record-index.ts";

/** What {@link dumpBlobs} needs. */
export interface DumpBlobsOptions {
  writer: ArchiveWriter;
  manifest: ManifestBuilder;
  crew: BlobCrew;
  /** Memory that rows have used before. */
  buffers: BufferPool;
  pins: Pins;
  /** What the snapshot lists, in the order in which it was pinned. */
  records: AsyncIterable<readonly BlobRecord[]>;
  packing: BlobPacking;
  /** Blobs of an earlier archive, which are referred to instead of written; undefined without one. */
  earlier: EarlierBlobs | undefined;
  /** Read them all the same, and compare. */
  reread: boolean;
  /** Bytes in flight. */
  limitBytes: number;
  /** Of what is read. */
  readLimit: RateLimit | undefined;
  progress: StageProgress;
  signal: AbortSignal;
  /** Called for each loss as it is met. */
  onLoss: (loss: ManifestLoss) => void;
  /** Called for each blob of an earlier archive whose file is not as it should be. */
  onOddity: (what: string, oddity: string) => void;
}

/** Totals of the blobs written. */
export interface DumpedBlobs {
  blobs: number;
  plainBytes: number;
  /** Their list, as it was written. */
  index: RecordIndex;
}

/**
 * Writes every blob of the snapshot as a record of component `file_storage`, read by several threads, in the order of the
 * list, and the component's index.
 */
export async function dumpBlobs(options: DumpBlobsOptions): Promise<DumpedBlobs> {
  const { writer, manifest, crew, buffers, pins, packing, earlier, reread } = options;
  await writer.addDirectory("component/file_storage/");
  const blobs = new BlobWriter(options);
  await runOrderedPieces<BlobRun, BlobBlock>({
    pieces: planRuns(
      options.records,
      (record, index) => pins.sourceOf(record, index),
      earlier && ((record) => earlier.find(record)),
      reread,
    ),
    read: (run, output, reader) =>
      readRun(run, { crew, buffers, packing, output: limitOutput(output, run, options.readLimit), reread, reader }),
    workers: crew.readers,
    limitBytes: options.limitBytes,
    signal: options.signal,
    async write(_run, blocks) {
      for await (const block of blocks) await blobs.take(block);
    },
  });
  await blobs.index.writeTo(writer, manifest, componentIndexName("file_storage"));
  return { ...blobs.totals, index: blobs.index };
}

type Frame = [number, number, number];

/** Puts blobs into the archive, in order. */
class BlobWriter {
  readonly index = new RecordIndex("fileobj");
  readonly totals: Omit<DumpedBlobs, "index"> = { blobs: 0, plainBytes: 0 };
  readonly #options: DumpBlobsOptions;
  /** The large blob that is being written. */
  #open: { entry: EntryWriter; frames: Frame[] } | undefined;

  constructor(options: DumpBlobsOptions) {
    this.#options = options;
  }

  async take(block: BlobBlock): Promise<void> {
    const { writer, progress } = this.#options;
    switch (block.kind) {
      case "whole":
        for (const { facts, stored } of block.blobs) {
          if (this.#refer(facts)) continue;
          let entry: EntryTotals | undefined;
          if (facts.sizeBytes !== undefined)
            entry = await writer.addEntry(this.#name(facts), stored, {
              deflate: facts.deflate,
              ...(facts.codec === "none" ? { sha256: facts.sha256, crc32: facts.crc32 } : {}),
            });
          progress.advance(facts.sizeBytes ?? 0);
          this.#record(facts, entry, []);
        }
        break;
      case "block":
        if (block.plainBytes === 0) break;
        this.#open ??= { entry: await this.#openEntry(block.facts), frames: [] };
        await this.#open.entry.write(block.stored);
        this.#open.frames.push([block.stored.length, block.plainBytes, 0]);
        progress.advance(block.plainBytes);
        break;
      case "end":
        await this.#endLarge(block.facts);
    }
  }

  #name({ codec }: BlobFacts): string {
    return componentRecordName("file_storage", this.index.nextId, codec);
  }

  async #openEntry(facts: BlobFacts): Promise<EntryWriter> {
    return await this.#options.writer.openEntry(this.#name(facts), {
      deflate: facts.deflate,
      ...(facts.codec === "none" ? { sha256: () => facts.sha256 } : {}),
    });
  }

  /** Names a blob that stands in an earlier archive. @returns whether it does */
  #refer(facts: BlobFacts): boolean {
    const { manifest, onOddity, progress } = this.#options;
    const { earlier, record } = facts.planned;
    const { component, uuid } = record;
    if (facts.oddity !== undefined) onOddity(`${component}/${uuid}`, facts.oddity);
    if (!facts.isReferred || earlier === undefined) return false;
    const { sizeBytes: size, sha256, line } = earlier;
    manifest.addEntry({ type: "entry", name: this.#name(facts), ...line });
    this.index.add({ component, uuid, size, sha256 });
    this.totals.blobs += 1;
    this.totals.plainBytes += size;
    progress.advance(size);
    return true;
  }

  async #endLarge(facts: BlobFacts): Promise<void> {
    if (this.#refer(facts)) return;
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.#record(facts, await open.entry.close(), facts.codec === "none" ? [] : open.frames);
    else if (facts.sizeBytes === 0)
      this.#record(facts, await this.#options.writer.addEntry(this.#name(facts), new Uint8Array()), []);
    else this.#record(facts, undefined, []);
  }

  /** @param entry undefined for a blob that could not be read */
  #record(facts: BlobFacts, entry: EntryTotals | undefined, frames: Frame[]): void {
    const { manifest, onLoss } = this.#options;
    const { loss, codec, sha256, planned } = facts;
    if (loss !== undefined) {
      manifest.addLoss(loss);
      onLoss(loss);
    }
    if (entry === undefined) return;
    const sizeBytes = facts.sizeBytes ?? 0;
    manifest.addEntry({
      type: "entry",
      name: entry.name,
      storedBytes: entry.storedBytes,
      contentBytes: entry.contentBytes,
      sha256: entry.sha256,
      codec,
      plainBytes: sizeBytes,
      ...(frames.length > 1 ? { frames } : {}),
    });
    const { component, uuid } = planned.record;
    this.index.add({ component, uuid, size: sizeBytes, sha256 });
    this.totals.blobs += 1;
    this.totals.plainBytes += sizeBytes;
  }
}
