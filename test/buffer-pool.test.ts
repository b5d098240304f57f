import { describe, expect, it } from "vitest";
import { BufferPool } from "../src/buffer-pool.ts";

describe("a pool of buffers", () => {
  it("lends the same memory again, for any size that fits", () => {
    const pool = new BufferPool(1024 * 1024);
    const first = pool.take(600_000);
    expect(first.length).toBeGreaterThanOrEqual(600_000);
    pool.giveBack(first.subarray(5, 10));
    expect(pool.take(1_000_000).buffer).toBe(first.buffer);
    expect(pool.take(1_000_000).buffer).not.toBe(first.buffer);
  });

  it("takes nothing back twice, nor what is not its own", () => {
    const pool = new BufferPool(1024 * 1024);
    const lent = pool.take(1_000_000);
    pool.giveBack(lent);
    pool.giveBack(lent);
    pool.giveBack(Buffer.from(new SharedArrayBuffer(1024 * 1024)));
    pool.giveBack(Buffer.alloc(10));
    const again = [pool.take(1_000_000), pool.take(1_000_000)];
    expect(again[0]!.buffer).not.toBe(again[1]!.buffer);
  });

  it("keeps nothing that is larger than its largest", () => {
    const pool = new BufferPool(64 * 1024);
    const large = pool.take(100_000);
    expect(large.length).toBe(100_000);
    pool.giveBack(large);
    expect(pool.take(100_000).buffer).not.toBe(large.buffer);
  });
});
