/** Smaller buffers may stand in memory that Node shares among many, and are not worth it. */
const worthBytes = 256 * 1024;

/**
 * Gives a large buffer's memory back at once. V8 frees it only when its collector comes by, and megabytes outside its heap do
 * not make it hurry, so that buffers which are used once pile up and each takes fresh memory from the system.
 * @param bytes of someone who owns all of the memory that they stand in; empty afterwards. Shared memory stays as it is
 */
export function freeMemory(bytes: Uint8Array): void {
  if (bytes.length >= worthBytes && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}
