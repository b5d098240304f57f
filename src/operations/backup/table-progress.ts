import type { StageProgress } from "../../progress.ts";

/**
 * Tells the progress of COPY text in bytes of the tables that it comes from: those are known beforehand, so that the time
 * left is right. How the two compare is learned from the pieces before.
 */
export class TableProgress {
  readonly #stage: StageProgress;
  #plainBytes = 0;
  #tableBytes = 0;
  #piecePlainBytes = 0;
  #pieceToldBytes = 0;

  constructor(stage: StageProgress) {
    this.#stage = stage;
  }

  /** @param pieceBytes of the piece that the text is of */
  advance(plainBytes: number, pieceBytes: number): void {
    this.#piecePlainBytes += plainBytes;
    if (this.#plainBytes === 0) return;
    const share = Math.round((plainBytes * this.#tableBytes) / this.#plainBytes);
    const told = Math.min(share, pieceBytes - this.#pieceToldBytes);
    this.#pieceToldBytes += told;
    this.#stage.advance(told);
  }

  endPiece(pieceBytes: number): void {
    this.#stage.advance(pieceBytes - this.#pieceToldBytes);
    this.#plainBytes += this.#piecePlainBytes;
    this.#tableBytes += pieceBytes;
    this.#piecePlainBytes = 0;
    this.#pieceToldBytes = 0;
  }
}
