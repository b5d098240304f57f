import type { BufferPool } from "../../buffer-pool.ts";
import { compressBlock } from "../../archive/codec.ts";
import { type BlobFacts, type BlobPacking, badName, choosePacking, factsOf, lossOf, sizeLoss } from "./blob-facts.ts";
import type { PlannedBlob, BlobRun } from "./blob-runs.ts";
import type { BlobCrew } from "./blob-threads/blob-crew.ts";
import type { BlobThread } from "./blob-threads/blob-thread.ts";
import { blockBytes } from "./block-size.ts";
import type { HeldBlock, PieceOutput } from "./ordered-pieces.ts";
import { otherContent, referTo } from "./refer-to-blob.ts";

/** A blob that was read at once. */
export interface WholeBlob {
  facts: BlobFacts;
  stored: Uint8Array;
}

/** Blobs on their way into the archive: several whole ones, a block of a large one, or a large one's end. */
export type BlobBlock = HeldBlock &
  (
    | { kind: "whole"; blobs: WholeBlob[] }
    | { kind: "block"; facts: BlobFacts; stored: Uint8Array; plainBytes: number }
    | { kind: "end"; facts: BlobFacts }
  );

/** What {@link readRun} needs besides the run. */
export interface ReadBlobOptions {
  crew: BlobCrew;
  buffers: BufferPool;
  packing: BlobPacking;
  output: PieceOutput<BlobBlock>;
  /** Read also what an earlier archive holds. */
  reread: boolean;
  /** Number of this reader, from 0. */
  reader: number;
}

/**
 * Reads the blobs of a run. What is missing, unreadable or of another size than its row is a loss to be named, never an
 * end of the backup.
 */
export async function readRun(run: BlobRun, options: ReadBlobOptions): Promise<void> {
  const [first, ...rest] = run.blobs;
  if (run.isLarge && first !== undefined) {
    await readLarge(first, options);
    return;
  }
  const done = await readWhole(run.blobs, options);
  if (done === run.blobs.length) return;
  // A file that has grown beyond what its row says is read on its own, and the others after it.
  await readLarge(run.blobs[done] ?? first!, options);
  const left = run.blobs.slice(done + 1);
  if (rest.length > 0 && left.length > 0) await readRun({ blobs: left, isLarge: false }, options);
}

/** Reads blobs whole into one slab; returns how many of them, up to one that is larger than its row says. */
async function readWhole(blobs: readonly PlannedBlob[], options: ReadBlobOptions): Promise<number> {
  const { crew, buffers, packing, output, reader, reread } = options;
  const thread = crew.threadOf(reader);
  let done = 0;
  let read: Promise<void> | undefined;
  const isOnlySizes = !reread && blobs.every(({ earlier }) => earlier !== undefined);
  const slabBytes = isOnlySizes ? 0 : blockBytes;
  await output.push(slabBytes, async () => {
    const slab = isOnlySizes ? Buffer.from(new SharedArrayBuffer(0)) : buffers.take(slabBytes);
    let offsetBytes = 0;
    const wanted = blobs.map(({ source, record, earlier }) => {
      const onlySize = !reread && earlier !== undefined;
      const roomBytes = onlySize ? 0 : (record.sizeBytes ?? 0);
      offsetBytes += roomBytes;
      return { source, onlySize, offsetBytes: offsetBytes - roomBytes, roomBytes };
    });
    const sample = packing.compression !== "none";
    const answer = thread.ask({ type: "run", slab: slab.buffer, blobs: wanted, sample });
    read = answer.then((items) => {
      done = items.at(-1)?.type === "larger" ? items.length - 1 : items.length;
    });
    const items = await answer;
    const whole = items.flatMap((item, index): WholeBlob[] => {
      const { source } = blobs[index]!;
      if (item.type === "larger") return [];
      const facts = factsOf(blobs[index]!);
      if (referTo(facts, item)) return [{ facts, stored: new Uint8Array() }];
      if (item.type === "size") throw new Error("only a size of a blob that is to be read");
      if (item.type === "failed") {
        facts.loss = source === undefined ? badName(facts.planned) : lossOf(facts.planned, item.failure);
        return [{ facts, stored: new Uint8Array() }];
      }
      facts.sizeBytes = item.sizeBytes;
      facts.sha256 = item.sha256;
      facts.crc32 = item.crc32;
      facts.loss = sizeLoss(facts.planned, item.sizeBytes);
      choosePacking(facts, packing, item.compressible);
      return [
        { facts, stored: slab.subarray(wanted[index]!.offsetBytes, wanted[index]!.offsetBytes + item.sizeBytes) },
      ];
    });
    let heldBytes = slabBytes;
    await Promise.all(
      whole.map(async (blob) => {
        if (blob.facts.codec === "none" || blob.facts.isReferred) return;
        const stored = await compressBlock(blob.facts.codec, packing.level, blob.stored);
        heldBytes += stored.buffer.byteLength;
        blob.stored = stored;
      }),
    );
    return { kind: "whole", heldBytes, release: () => buffers.giveBack(slab), blobs: whole };
  });
  await read;
  return done;
}

/** Reads one blob block by block. */
async function readLarge(planned: PlannedBlob, options: ReadBlobOptions): Promise<void> {
  const { crew, output, reader } = options;
  const thread = crew.threadOf(reader);
  const facts = factsOf(planned);
  const { source, earlier } = planned;
  if (earlier !== undefined && source !== undefined) {
    const answer = await thread.ask({ type: "digest", source, expected: earlier.sha256 });
    const item =
      "failure" in answer
        ? ({ type: "failed", failure: answer.failure } as const)
        : ({ type: "size", sizeBytes: earlier.sizeBytes } as const);
    if ("isExpected" in answer && !answer.isExpected) facts.oddity = otherContent;
    else if (referTo(facts, item)) {
      await output.push(0, () => Promise.resolve({ kind: "end", heldBytes: 0, facts }));
      return;
    }
  }
  const opened = source === undefined ? undefined : await thread.ask({ type: "open", reader, source });
  if (opened === undefined || "failure" in opened) {
    facts.loss = opened === undefined ? badName(planned) : lossOf(planned, opened.failure);
    await output.push(0, () => Promise.resolve({ kind: "end", heldBytes: 0, facts }));
    return;
  }
  facts.sizeBytes = 0;
  let packed: Promise<void> | undefined;
  for (let position = 0; position < opened.sizeBytes; position += blockBytes) {
    const isFirst = position === 0;
    await output.push(blockBytes, async () => {
      const block = readBlock(thread, facts, options, isFirst);
      packed ??= block.then(() => undefined);
      // How it is packed is known from the first block on.
      if (!isFirst) await packed;
      return await packBlock(await block, facts, options);
    });
    await packed;
  }
  await output.push(0, async () => {
    const { sha256 } = await thread.ask({ type: "close", reader });
    facts.sha256 = sha256;
    // What broke off before its first byte is left out whole; otherwise what was read stays, and the loss names it.
    if (facts.loss !== undefined && facts.sizeBytes === 0) facts.sizeBytes = undefined;
    else facts.loss ??= sizeLoss(planned, facts.sizeBytes ?? 0);
    return { kind: "end", heldBytes: 0, facts };
  });
}

/** A block that was read into a slab. */
interface SlabBlock {
  slab: Buffer<SharedArrayBuffer>;
  bytes: number;
}

async function readBlock(
  thread: BlobThread,
  facts: BlobFacts,
  { buffers, packing, reader }: ReadBlobOptions,
  isFirst: boolean,
): Promise<SlabBlock> {
  const slab = buffers.take(blockBytes);
  const sample = isFirst && packing.compression !== "none";
  const answer = await thread.ask({ type: "block", reader, slab: slab.buffer, sample });
  if ("failure" in answer) {
    facts.loss ??= lossOf(facts.planned, answer.failure, facts.sizeBytes);
    return { slab, bytes: 0 };
  }
  facts.sizeBytes = (facts.sizeBytes ?? 0) + answer.bytes;
  if (isFirst) choosePacking(facts, packing, answer.compressible);
  return { slab, bytes: answer.bytes };
}

async function packBlock(
  { slab, bytes }: SlabBlock,
  facts: BlobFacts,
  { buffers, packing }: ReadBlobOptions,
): Promise<BlobBlock> {
  const plain = slab.subarray(0, bytes);
  const release = (): void => buffers.giveBack(slab);
  const common = { kind: "block", facts, plainBytes: bytes } as const;
  if (facts.codec === "none" || bytes === 0) return { ...common, stored: plain, heldBytes: blockBytes, release };
  const stored = await compressBlock(facts.codec, packing.level, plain);
  release();
  return { ...common, stored, heldBytes: stored.buffer.byteLength };
}
