import { DamagedError } from "../errors.ts";

/** The largest window that a frame may ask memory for: what `zstd -d` takes without being told otherwise. */
export const windowLimitLog = 27;
const windowLimitBytes = 2 ** windowLimitLog;
const largestBlock = 128 * 1024;

/** What the header of a zstd frame says (RFC 8878, 3.1.1.1). */
export interface ZstdFrameHeader {
  windowBytes: number;
  /** Undefined when the header does not say. */
  contentBytes: number | undefined;
}

/** A run of bytes of one frame. */
export interface ZstdPiece {
  bytes: Buffer;
  /** These are the last bytes of the frame; the next piece begins another. */
  endsFrame: boolean;
  /** What the header says that the frame holds: in its last piece, where the header says it. */
  contentBytes?: number | undefined;
}

/** Cuts a stream of zstd frames at the frames' ends. */
export interface ZstdSplitter {
  /** Pieces of `chunk`, which they share memory with. */
  push(chunk: Buffer): ZstdPiece[];
  /** The same one by one, so that what is wrong behind a frame is met only by who goes on behind it. */
  pieces(chunk: Buffer): Generator<ZstdPiece>;
  /** To be called at the end of the stream. @throws DamagedError when it is inside a frame */
  finish(): void;
  /** Header of the frame that the last complete header belonged to; undefined before the first, and for a skippable one. */
  readonly header: ZstdFrameHeader | undefined;
}

type State = "magic" | "skipSize" | "descriptor" | "header" | "blockHeader";

const broken = (what: string, expected: string, found: string): DamagedError =>
  new DamagedError("data-damaged", `${what}: expected ${expected}, found ${found}`);

/**
 * Follows the structure of zstd frames (RFC 8878, 3.1.1) without decompressing, because Node's decoder silently stops
 * after the first of several frames in one buffer. `push` throws a DamagedError for what is no zstd frame, one that needs
 * a dictionary, or one whose window is larger than 128 MiB.
 */
export function createZstdSplitter(): ZstdSplitter {
  let state: State = "magic";
  const field = Buffer.alloc(16);
  let have = 0;
  let need = 4;
  // Bytes of a body (block, checksum, skippable content) that are passed over, and what comes after them.
  let skip = 0;
  let afterSkip: "blockHeader" | "checksum" | "end" = "end";
  let descriptor = 0;
  let header: ZstdFrameHeader | undefined;

  const expect = (next: State, bytes: number): void => {
    state = next;
    need = bytes;
    have = 0;
  };
  const pass = (bytes: number, after: typeof afterSkip): void => {
    skip = bytes;
    afterSkip = after;
  };
  /** Takes a complete field; true when the frame ends with it. */
  const takeField = (): boolean => {
    switch (state) {
      case "magic": {
        const magic = field.readUInt32LE(0);
        header = undefined;
        if (magic === 0xfd_2f_b5_28) expect("descriptor", 1);
        else if (magic >>> 4 === 0x184d2a5) expect("skipSize", 4);
        else throw broken("not a zstd frame", "0xfd2fb528", `0x${magic.toString(16)}`);
        return false;
      }
      case "skipSize":
        return enterSkip(field.readUInt32LE(0), "end");
      case "descriptor":
        descriptor = field.readUInt8(0);
        if ((descriptor & 8) !== 0) throw broken("unknown zstd frame", "the reserved bit unset", "it set");
        expect("header", frameHeaderBytes(descriptor));
        return need === 0 ? takeField() : false;
      case "header":
        header = decodeFrameHeader(descriptor, field);
        expect("blockHeader", 3);
        return false;
      case "blockHeader": {
        const value = field.readUIntLE(0, 3);
        const type = (value >> 1) & 3;
        const size = value >> 3;
        // A compressed block of nothing is broken, too; Node's decoder takes it when the frame comes in several chunks.
        if (type === 3 || size > largestBlock || (type === 2 && size === 0)) {
          throw broken(
            "broken zstd block",
            `a known type, at most ${largestBlock} bytes, some if compressed`,
            `type ${type}, ${size} bytes`,
          );
        }
        const last = (value & 1) !== 0;
        const hasChecksum = (descriptor & 4) !== 0;
        return enterSkip(type === 1 ? 1 : size, last ? (hasChecksum ? "checksum" : "end") : "blockHeader");
      }
    }
  };
  const enterSkip = (bytes: number, after: typeof afterSkip): boolean => {
    pass(bytes, after);
    return bytes === 0 ? leaveSkip() : false;
  };
  /** What follows a body; true when the frame ends. */
  const leaveSkip = (): boolean => {
    if (afterSkip === "checksum") return enterSkip(4, "end");
    if (afterSkip === "blockHeader") {
      expect("blockHeader", 3);
      return false;
    }
    expect("magic", 4);
    return true;
  };

  function* pieces(chunk: Buffer): Generator<ZstdPiece> {
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      let ends = false;
      if (skip > 0) {
        const taken = Math.min(skip, chunk.length - at);
        at += taken;
        skip -= taken;
        if (skip === 0) ends = leaveSkip();
      } else {
        field[have++] = chunk[at++] ?? 0;
        if (have === need) ends = takeField();
      }
      if (!ends) continue;
      yield { bytes: chunk.subarray(start, at), endsFrame: true, contentBytes: header?.contentBytes };
      start = at;
    }
    if (start < at) yield { bytes: chunk.subarray(start, at), endsFrame: false };
  }

  return {
    get header() {
      return header;
    },
    push: (chunk) => [...pieces(chunk)],
    pieces,
    finish() {
      if (state === "magic" && have === 0 && skip === 0) return;
      throw broken("zstd frame is cut off", "its last block", "the end of the data");
    },
  };
}

const dictionaryBytes = (descriptor: number): number => [0, 1, 2, 4][descriptor & 3] ?? 0;
const isSingleSegment = (descriptor: number): boolean => (descriptor & 0x20) !== 0;
const contentSizeBytes = (descriptor: number): number =>
  [isSingleSegment(descriptor) ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;

function frameHeaderBytes(descriptor: number): number {
  return (isSingleSegment(descriptor) ? 0 : 1) + dictionaryBytes(descriptor) + contentSizeBytes(descriptor);
}

/** Decodes what follows the frame header descriptor: window descriptor, dictionary id, frame content size. */
function decodeFrameHeader(descriptor: number, bytes: Buffer): ZstdFrameHeader {
  let offset = isSingleSegment(descriptor) ? 0 : 1;
  const idBytes = dictionaryBytes(descriptor);
  const dictionary = idBytes === 0 ? 0 : bytes.readUIntLE(offset, idBytes);
  if (dictionary !== 0) throw broken("zstd frame needs a dictionary", "none", `number ${dictionary}`);
  offset += idBytes;
  const contentBytes = readContentSize(bytes, offset, contentSizeBytes(descriptor));
  const windowByte = bytes.readUInt8(0);
  const windowBase = 2 ** (10 + (windowByte >> 3));
  const windowBytes = isSingleSegment(descriptor)
    ? (contentBytes ?? 0)
    : windowBase + (windowBase / 8) * (windowByte & 7);
  // A window that the content is smaller than costs no more memory than the content.
  const neededBytes = Math.min(windowBytes, contentBytes ?? windowBytes);
  if (neededBytes > windowLimitBytes) {
    throw broken(
      "zstd frame needs too much memory",
      `a window of at most ${windowLimitBytes} bytes`,
      String(windowBytes),
    );
  }
  return { windowBytes, contentBytes };
}

function readContentSize(bytes: Buffer, offset: number, length: number): number | undefined {
  if (length === 0) return undefined;
  if (length === 2) return bytes.readUInt16LE(offset) + 256;
  if (length === 8) return Number(bytes.readBigUInt64LE(offset));
  return bytes.readUIntLE(offset, length);
}
