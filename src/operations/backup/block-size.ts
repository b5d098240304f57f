/**
 * Bytes that are read, compressed and written at once: COPY text of a frame, a block of a large blob, or several small
 * blobs. 1 to 4 MiB are best, 512 KiB are worse.
 */
export const blockBytes = 2 * 1024 * 1024;
