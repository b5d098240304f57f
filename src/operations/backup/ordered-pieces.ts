import { ByteBudget } from "./byte-budget.ts";

/** What a reader hands to the writer. */
export interface HeldBlock {
  /** Bytes that it holds in memory until it is written. */
  heldBytes: number;
  /** Called once it is written: its memory may be used again. */
  release?(): void;
}

/** Hands the blocks of one piece over, in order. */
export interface PieceOutput<Block extends HeldBlock> {
  /**
   * Takes a block that is being prepared; resolves when the reader may go on to the next one.
   * @param heldBytes bytes that it holds in memory while it is prepared
   */
  push(heldBytes: number, block: () => Promise<Block>): Promise<void>;
  /**
   * Waits until the writer is at this piece: from then on it can always go on. For what only one piece may use at a time, or else
   * one behind could keep it, full of blocks, from the one that all wait for.
   * @throws what ended the others
   */
  whenHead(): Promise<void>;
}

/** What is to be read, in the archive's order, and how. */
export interface PieceWork<Piece, Block extends HeldBlock> {
  pieces: AsyncIterable<Piece> | Iterable<Piece>;
  /** Reads a piece; called by several workers at once, each with the number of its worker. */
  read(piece: Piece, output: PieceOutput<Block>, worker: number): Promise<void>;
  /** Takes the blocks of a piece; called for one piece after another, in order; must take all blocks. */
  write(piece: Piece, blocks: AsyncIterable<Block>): Promise<void>;
  workers: number;
  /** Bytes in flight at most, but for a single block that is larger. */
  limitBytes: number;
  /** Ends all of it with the signal's reason. */
  signal?: AbortSignal;
}

interface Running<Piece, Block> {
  piece: Piece;
  index: number;
  blocks: Promise<Block>[];
  ended: boolean;
  changed: (() => void) | undefined;
}

/**
 * Reads pieces by several workers ahead of one writer that takes them in order, in bounded memory: nothing is spooled.
 * The first error of anyone ends all of it, and is thrown once every worker has stopped.
 */
export async function runOrderedPieces<Piece, Block extends HeldBlock>(work: PieceWork<Piece, Block>): Promise<void> {
  const budget = new ByteBudget(work.limitBytes, work.limitBytes / 2);
  const queue: Running<Piece, Block>[] = [];
  let allStarted = false;
  let failed = false;
  let failure: unknown;
  let wakeWriter: (() => void) | undefined;
  // Pieces behind the head that hold no bytes yet still cost memory, so that readers do not run ahead without end.
  const aheadLimit = work.workers * 64;
  const wakeReaders: (() => void)[] = [];

  const fail = (error: unknown): void => {
    if (!failed) {
      failed = true;
      failure = error;
    }
    budget.fail(error);
    wakeWriter?.();
    for (const running of queue) running.changed?.();
    for (const wake of wakeReaders.splice(0)) wake();
  };

  const iterator =
    Symbol.asyncIterator in work.pieces ? work.pieces[Symbol.asyncIterator]() : work.pieces[Symbol.iterator]();
  let nextIndex = 0;
  // Pieces are numbered in the order the iterator gives them, so only one worker may ask at a time.
  let asking: Promise<unknown> = Promise.resolve();
  const nextPiece = async (): Promise<Running<Piece, Block> | undefined> => {
    const mine = asking.then(async () => {
      while (queue.length >= aheadLimit && !failed) await new Promise<void>((resolve) => wakeReaders.push(resolve));
      if (allStarted || failed) return undefined;
      const next = await iterator.next();
      if (next.done === true) {
        allStarted = true;
        wakeWriter?.();
        return undefined;
      }
      const running: Running<Piece, Block> = {
        piece: next.value,
        index: nextIndex++,
        blocks: [],
        ended: false,
        changed: undefined,
      };
      queue.push(running);
      wakeWriter?.();
      return running;
    });
    asking = mine.catch(() => undefined);
    return await mine;
  };

  const reader = async (worker: number): Promise<void> => {
    for (let running = await nextPiece(); running !== undefined; running = await nextPiece()) {
      const { index, blocks } = running;
      const current = running;
      await work.read(
        running.piece,
        {
          async push(heldBytes, prepare) {
            await budget.take(index, heldBytes);
            const prepared = prepare().then((block) => {
              budget.release(index, heldBytes - block.heldBytes);
              return block;
            });
            // The writer meets the error when it comes to this block, which may be much later.
            prepared.catch(fail);
            blocks.push(prepared);
            current.changed?.();
          },
          async whenHead() {
            while (!failed && queue[0] !== current) await new Promise<void>((resolve) => wakeReaders.push(resolve));
            if (failed) throw failure;
          },
        },
        worker,
      );
      running.ended = true;
      running.changed?.();
    }
  };

  async function* blocksOf(running: Running<Piece, Block>): AsyncGenerator<Block> {
    for (;;) {
      if (failed) throw failure;
      const next = running.blocks.shift();
      if (next !== undefined) {
        const block = await next;
        yield block;
        block.release?.();
        budget.release(running.index, block.heldBytes);
      } else if (running.ended) return;
      else await new Promise<void>((resolve) => (running.changed = resolve));
    }
  }

  const writer = async (): Promise<void> => {
    for (;;) {
      if (failed) throw failure;
      const running = queue[0];
      if (running === undefined) {
        if (allStarted) return;
        await new Promise<void>((resolve) => (wakeWriter = resolve));
        continue;
      }
      await work.write(running.piece, blocksOf(running));
      queue.shift();
      budget.advance();
      for (const wake of wakeReaders.splice(0)) wake();
    }
  };

  const onAbort = (): void => fail(work.signal?.reason);
  work.signal?.addEventListener("abort", onAbort, { once: true });
  if (work.signal?.aborted === true) onAbort();
  const tasks = [writer(), ...Array.from({ length: work.workers }, (_, worker) => reader(worker))];
  for (const task of tasks) task.catch(fail);
  await Promise.allSettled(tasks);
  work.signal?.removeEventListener("abort", onAbort);
  await iterator.return?.(undefined);
  if (failed) throw failure;
}
