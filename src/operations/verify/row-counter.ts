const newline = 0x0a;
const terminator = Buffer.from("\\.\n");

/** Counts the rows of COPY text that comes in chunks; the `\.` line and what follows it are no rows. */
export class RowCounter {
  #lines = 0;
  #atLineStart = true;
  /** First bytes of a line that the last chunk cut, as long as it may still be the terminator. */
  #start = Buffer.alloc(0);
  #ended = false;

  add(chunk: Buffer): void {
    if (this.#ended) return;
    let position = 0;
    while (position < chunk.length) {
      if (this.#atLineStart) {
        // Almost every line shows by its first byte that it is a row.
        if (this.#start.length > 0 || chunk[position] === terminator[0]) {
          const needed = terminator.length - this.#start.length;
          const head = Buffer.concat([this.#start, chunk.subarray(position, position + needed)]);
          if (terminator.subarray(0, head.length).equals(head)) {
            this.#ended = head.length === terminator.length;
            this.#start = head;
            return;
          }
          this.#start = Buffer.alloc(0);
        }
        this.#atLineStart = false;
      }
      const end = chunk.indexOf(newline, position);
      if (end === -1) return;
      this.#lines += 1;
      this.#atLineStart = true;
      position = end + 1;
    }
  }

  get count(): number {
    return this.#lines;
  }
}
