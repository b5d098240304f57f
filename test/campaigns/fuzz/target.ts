import { AppError } from "../../../src/errors.ts";

/** How an input is fed to a decoder: sizes of chunks, used in turn; empty: whole. */
export type Feeding = readonly number[];

/** A decoder that inputs are tried on. */
export interface FuzzTarget {
  name: string;
  /** Valid inputs, which are changed. */
  seeds(): Promise<readonly Buffer[]>;
  /**
   * Decodes an input, and holds what comes out to what must be true of it.
   * @returns what was decoded, for comparison between ways of feeding; undefined where they may differ
   */
  decode(input: Buffer, feeding: Feeding): Promise<unknown>;
  /** Whether an error is one that the decoder documents. */
  mayThrow(error: AppError): boolean;
  /** Whether it is fed in chunks and byte by byte as well. */
  takesChunks: boolean;
}

/** What came of an input. */
export interface FuzzOutcome {
  kind: "decoded" | "refused";
  /** The same for every way of feeding. */
  value: string | undefined;
}

/** Tries an input. @throws whatever the decoder throws but does not document */
export async function tryInput(target: FuzzTarget, input: Buffer, feeding: Feeding): Promise<FuzzOutcome> {
  try {
    const value = await target.decode(input, feeding);
    return { kind: "decoded", value: value === undefined ? undefined : toText(value) };
  } catch (error) {
    if (error instanceof AppError && target.mayThrow(error)) return { kind: "refused", value: error.message };
    throw error;
  }
}

/** JSON with maps as lists. */
function toText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (part instanceof Map ? [...part] : part));
}
