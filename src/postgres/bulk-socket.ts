import { Socket } from "node:net";

/** Bytes that one read takes at most; a Unix socket holds about as much. */
const readBytes = 256 * 1024;

type BytesListener = (bytes: Buffer) => void;

const takers = new WeakMap<object, { listener: BytesListener | undefined }>();

/**
 * A socket that reads into the same buffer again and again: one that makes a buffer for every read brings a gigabyte of
 * garbage for a gigabyte of rows. What is read is handed to the taker of {@link takeBytes}, or else copied for the
 * listeners of `data`.
 */
export function createBulkSocket(): Socket {
  const taker: { listener: BytesListener | undefined } = { listener: undefined };
  const socket: Socket = new Socket({
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (length, memory) => {
        const bytes = Buffer.from(memory.buffer, memory.byteOffset, length);
        if (taker.listener === undefined) socket.emit("data", Buffer.from(bytes));
        else taker.listener(bytes);
        return true;
      },
    },
  });
  takers.set(socket, taker);
  return socket;
}

/**
 * Has what a bulk socket reads handed over without a copy, valid during the call only.
 * @param listener undefined: back to the listeners of `data`
 * @returns false for any other stream, whose listeners of `data` get buffers of their own
 */
export function takeBytes(stream: object, listener: BytesListener | undefined): boolean {
  const taker = takers.get(stream);
  if (taker === undefined) return false;
  taker.listener = listener;
  return true;
}
