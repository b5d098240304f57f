/** Reads are cut at multiples of this, in bytes. */
const grainBytes = 1024 * 1024;
/** Most that is asked for at once. */
const longestRunBytes = 16 * grainBytes;
const runsAhead = 2;
/** Bytes that are kept for reads to come; what is being fetched comes on top. */
const keptBytes = 4 * longestRunBytes;

interface Run {
  start: number;
  end: number;
  data: Promise<Buffer>;
}

/**
 * Reads of any size out of few fetches: each fetch costs the start of a program and a connection. What is read in order is
 * fetched in runs that double up to 16 MiB, two of them ahead; what is read here and there, by the MiB.
 */
export class ReadAhead {
  readonly #sizeBytes: number;
  readonly #fetch: (offsetBytes: number, lengthBytes: number) => Promise<Buffer>;
  /** Least recently used first. */
  #runs: Run[] = [];

  /** @param fetch gives exactly the bytes that it is asked for, or throws */
  constructor(sizeBytes: number, fetch: (offsetBytes: number, lengthBytes: number) => Promise<Buffer>) {
    this.#sizeBytes = sizeBytes;
    this.#fetch = fetch;
  }

  /** Gives bytes of the caller's own. The range must be inside. @throws what `fetch` throws */
  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const end = offsetBytes + lengthBytes;
    const parts: { run: Run; from: number; to: number }[] = [];
    for (let at = offsetBytes; at < end;) {
      const run = this.#runAt(at, end);
      const to = Math.min(end, run.end);
      parts.push({ run, from: at - run.start, to: to - run.start });
      at = to;
    }
    const last = parts.at(-1)?.run;
    if (last !== undefined) this.#runAhead(last);
    const pieces = await Promise.all(parts.map(async ({ run, from, to }) => (await run.data).subarray(from, to)));
    return Buffer.concat(pieces, lengthBytes);
  }

  #runAt(at: number, wantedEnd: number): Run {
    const found = this.#runs.find(({ start, end }) => start <= at && at < end);
    if (found === undefined) return this.#fetchRun(at, wantedEnd);
    this.#runs = [...this.#runs.filter((run) => run !== found), found];
    return found;
  }

  /** Fetches the next runs when one was longer than one grain: then it is read in order. */
  #runAhead(run: Run): void {
    let last = run;
    for (let ahead = 0; ahead < runsAhead; ahead += 1) {
      const at = last.end;
      if (last.end - last.start <= grainBytes || at >= this.#sizeBytes) return;
      last = this.#runs.find(({ start, end }) => start <= at && at < end) ?? this.#fetchRun(at, at);
    }
  }

  #fetchRun(at: number, wantedEnd: number): Run {
    const before = this.#runs.find(({ end }) => end === at);
    const start = before === undefined ? Math.floor(at / grainBytes) * grainBytes : at;
    const lengthBytes = before === undefined ? grainBytes : 2 * Math.max(grainBytes, before.end - before.start);
    const wanted = Math.max(start + lengthBytes, Math.ceil(wantedEnd / grainBytes) * grainBytes);
    const next = Math.min(...this.#runs.map((run) => run.start).filter((other) => other > at));
    const end = Math.min(wanted, start + longestRunBytes, next, this.#sizeBytes);
    const run: Run = { start, end, data: this.#fetch(start, end - start) };
    run.data.catch(() => {
      // It may be read when it is asked for again.
      this.#runs = this.#runs.filter((other) => other !== run);
    });
    this.#runs.push(run);
    this.#dropOld();
    return run;
  }

  #dropOld(): void {
    let total = this.#runs.reduce((sum, { start, end }) => sum + end - start, 0);
    while (total > keptBytes && this.#runs.length > 2) {
      const oldest = this.#runs.shift();
      total -= oldest === undefined ? 0 : oldest.end - oldest.start;
    }
  }
}
