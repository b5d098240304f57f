import { createCipheriv, createHash } from "node:crypto";

/** 32 hexadecimal digits that follow from seed and label, as NextGIS Web uses UUIDs in names. */
export function madeUpUuid(seed: string, label: string): string {
  return createHash("md5").update(`${seed}\n${label}`).digest("hex");
}

/** A UUID with dashes that follows from seed and label. */
export function madeUpDashedUuid(seed: string, label: string): string {
  return madeUpUuid(seed, label).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Encrypted to make noise; shared, because filling it anew costs more than a small file itself. */
const zeros = Buffer.alloc(1024 * 1024);

/**
 * Bytes that follow from seed and label, in blocks of up to 1 MiB.
 * @param compressible true: like rows of an elevation model, with noise in the low bits; false: no compressor gains on them
 */
export function* madeUpBytes(
  seed: string,
  label: string,
  sizeBytes: number,
  compressible = false,
): Generator<Uint8Array, void, undefined> {
  const key = createHash("md5").update(`${seed}\n${label}\nbytes`).digest();
  const noise = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  for (let offset = 0; offset < sizeBytes; offset += zeros.length) {
    const block = noise.update(zeros.subarray(0, Math.min(zeros.length, sizeBytes - offset)));
    if (compressible) {
      for (let index = 0; index < block.length; index += 1) {
        const slope = ((offset + index) >> 9) & 0xf8;
        block[index] = slope | ((block[index] as number) & 1);
      }
    }
    yield block;
  }
}
