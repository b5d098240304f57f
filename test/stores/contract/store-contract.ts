import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { AppError, UsageError } from "../../../src/errors.ts";
import type { Store } from "../../../src/stores/store.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { get, listed, listedNames, madeUpBytes, never, put, readAll, writeAll } from "./contents.ts";
import { openByRecipe, type StoreWorld } from "./store-world.ts";
import { startWriter } from "./writer-run.ts";

const threeDaysMs = 3 * 24 * 60 * 60 * 1000;

/**
 * What every store must do (src/stores/store.ts). Call it in a test file of the store's own.
 * @param kind what the store is, for the tests' names
 * @param makeWorld gives an empty place of its own, and sees to its removal; undefined where the store cannot be had, and the
 * tests are skipped by name
 */
export function describeStoreContract(kind: string, makeWorld: () => Promise<StoreWorld | undefined>): void {
  const inWorld = (name: string, run: (store: Store, world: StoreWorld) => Promise<void>): void => {
    test(name, async ({ skip }) => {
      const world = await makeWorld();
      if (world === undefined) return skip(`there is no ${kind} here`);
      const store = await openByRecipe(world.recipe, process.pid);
      onTestFinished(() => store.close());
      await run(store, world);
    });
  };

  describe(`${kind}: the contract of stores`, () => {
    inWorld("an object is there when it is finished, and not before", async (store, world) => {
      const bytes = madeUpBytes(300_000);
      const sink = await store.create("a.ngwbackup", { signal: never });
      expect(sink.label).toBe(store.locate("a.ngwbackup"));
      await writeAll(sink, bytes, 1001);
      expect(await listedNames(store)).toEqual([]);
      expect(await store.stat("a.ngwbackup", never)).toBeUndefined();
      const opening = await errorOf(() => store.open("a.ngwbackup", never));
      expect(opening).toMatchObject({ code: "archive-missing", exitCode: 4 });
      expect(opening.message).toContain(store.locate("a.ngwbackup"));
      const before = Date.now();
      await sink.finish();
      await sink.abort();
      const found = await store.stat("a.ngwbackup", never);
      expect(found).toMatchObject({ name: "a.ngwbackup", sizeBytes: bytes.length });
      expect(Math.abs((found?.modifiedAt.getTime() ?? 0) - before)).toBeLessThan(threeDaysMs);
      const [object, ...others] = await listed(store);
      expect(object).toMatchObject({ name: "a.ngwbackup", sizeBytes: bytes.length });
      expect(others).toEqual([]);
      expect((await get(store, "a.ngwbackup")).equals(bytes)).toBe(true);
      expect(await world.everything()).toHaveLength(1);
    });

    inWorld("an object may be empty", async (store) => {
      await put(store, "empty", Buffer.alloc(0));
      expect(await store.stat("empty", never)).toMatchObject({ sizeBytes: 0 });
      expect(await get(store, "empty")).toEqual(Buffer.alloc(0));
    });

    inWorld("names keep their characters", async (store) => {
      const names = ["a b+c&d=e%20.ngwbackup", "ж☂.ngwbackup", "deep/er/a.ngwbackup", "[x]*?'\"{y}~#!"];
      for (const [index, name] of names.entries()) await put(store, name, Buffer.from(`content ${index}`));
      for (const [index, name] of names.entries()) {
        expect(await store.stat(name, never), name).toMatchObject({ name, sizeBytes: 9 });
        expect((await get(store, name)).toString()).toBe(`content ${index}`);
      }
      expect(await listedNames(store)).toEqual(names.filter((name) => !name.includes("/")).toSorted());
    });

    inWorld("names that lead elsewhere are refused", async (store, world) => {
      const names = [
        "",
        "/",
        "/a",
        ".",
        "..",
        "../a",
        "a/..",
        "a/./b",
        "a/../../b",
        "a//b",
        "a/",
        "a\\b",
        "a\nb",
        "\u0000",
      ];
      for (const name of names) {
        for (const call of [
          () => store.stat(name, never),
          () => store.open(name, never),
          () => store.create(name, { signal: never }),
          () => store.remove(name, never),
          async () => store.locate(name),
        ]) {
          const error = await errorOf(call);
          expect(error, JSON.stringify(name)).toBeInstanceOf(UsageError);
          expect(error).toMatchObject({ code: "object-name" });
        }
      }
      expect(await world.everything()).toEqual([]);
    });

    inWorld("nothing is left after an abort, early, late and twice", async (store, world) => {
      const early = await store.create("early", { signal: never });
      await early.abort();
      const late = await store.create("late", { signal: never });
      await writeAll(late, madeUpBytes(world.bigBytes));
      await late.abort();
      await late.abort();
      expect(await world.everything()).toEqual([]);
    });

    inWorld("one that is there is not replaced, unless that is wanted", async (store, world) => {
      await put(store, "a", Buffer.from("old"));
      const error = await errorOf(() => store.create("a", { signal: never }));
      expect(error).toMatchObject({ code: "target-exists", exitCode: 4 });
      expect(error.message).toContain(store.locate("a"));
      expect((await get(store, "a")).toString()).toBe("old");
      const sink = await store.create("a", { signal: never, overwrite: true });
      await sink.write(Buffer.from("newer"));
      expect((await get(store, "a")).toString()).toBe("old");
      await sink.finish();
      expect((await get(store, "a")).toString()).toBe("newer");
      const given = await store.create("a", { signal: never, overwrite: true });
      await given.write(Buffer.from("given up"));
      await given.abort();
      expect((await get(store, "a")).toString()).toBe("newer");
      expect(await world.everything()).toHaveLength(1);
    });

    inWorld("of two that make the same name the later one is refused", async (store, world) => {
      for (const sizeBytes of [1000, world.bigBytes]) {
        const name = `of-${sizeBytes}`;
        const [one, two] = [madeUpBytes(sizeBytes, 1), madeUpBytes(sizeBytes, 2)];
        const first = await store.create(name, { signal: never });
        const second = await store.create(name, { signal: never });
        await writeAll(second, two);
        await writeAll(first, one);
        await first.finish();
        await expect(second.finish()).rejects.toMatchObject({ code: "target-exists" });
        await second.abort();
        expect((await get(store, name)).equals(one)).toBe(true);
      }
      expect(await world.everything()).toHaveLength(2);
    });

    inWorld("of two that end at the same moment one stays, whole", async (store, world) => {
      const contents = [madeUpBytes(50_000, 1), madeUpBytes(50_000, 2)];
      const sinks = [await store.create("a", { signal: never }), await store.create("a", { signal: never })];
      for (const [index, sink] of sinks.entries()) await writeAll(sink, contents[index] ?? Buffer.alloc(0));
      const ends = await Promise.allSettled(sinks.map((sink) => sink.finish()));
      for (const sink of sinks) await sink.abort();
      const won = ends.filter(({ status }) => status === "fulfilled").length;
      if (world.refusal === "exact") expect(won).toBe(1);
      else expect(won).toBeGreaterThan(0);
      for (const end of ends)
        // Who is told late may also find the other's content where it looks for its own.
        if (end.status === "rejected")
          expect(end.reason).toMatchObject({
            code: expect.stringMatching(
              world.refusal === "exact" ? /^target-exists$/ : /^(target-exists|store-failed)$/,
            ),
          });
      const stayed = await get(store, "a");
      expect(contents.some((content, index) => ends[index]?.status === "fulfilled" && content.equals(stayed))).toBe(
        true,
      );
      expect(await world.everything()).toHaveLength(1);
    });

    inWorld("what is written is checked before it counts", async (store, world) => {
      for (const sizeBytes of [1000, world.bigBytes]) {
        const bytes = madeUpBytes(sizeBytes);
        let seen: Buffer | undefined;
        const good = await store.create("good", {
          signal: never,
          overwrite: true,
          check: async (written) => void (seen = await readAll(written)),
        });
        await writeAll(good, bytes);
        await good.finish();
        expect(seen?.equals(bytes)).toBe(true);
        const complaint = new AppError("made-up", "does not please");
        const bad = await store.create("bad", {
          signal: never,
          check: async () => {
            throw complaint;
          },
        });
        await writeAll(bad, bytes);
        expect(await errorOf(() => bad.finish())).toBe(complaint);
        await bad.abort();
        expect(await store.stat("bad", never)).toBeUndefined();
        expect(await world.everything()).toHaveLength(1);
      }
    });

    inWorld("an object of several parts comes back whole, in any range", async (store, world) => {
      const bytes = madeUpBytes(world.bigBytes);
      await put(store, "big", bytes);
      const source = await store.open("big", never);
      onTestFinished(() => source.close());
      expect(source).toMatchObject({ label: store.locate("big"), sizeBytes: bytes.length });
      expect((await readAll(source)).equals(bytes)).toBe(true);
      const place = fc.double({ min: 0, max: 1, noNaN: true });
      const length = fc.oneof(fc.nat(100), fc.nat(100_000), fc.nat(bytes.length));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(place, length), { minLength: 1, maxLength: 6 }), async (wanted) => {
          const ranges = wanted.map(([share, lengthBytes]) => {
            const from = Math.floor(share * bytes.length);
            return [from, Math.min(lengthBytes, bytes.length - from)] as const;
          });
          const found = await Promise.all(ranges.map(([from, lengthBytes]) => source.read(from, lengthBytes)));
          for (const [index, [from, lengthBytes]] of ranges.entries())
            expect(found[index]?.equals(bytes.subarray(from, from + lengthBytes))).toBe(true);
        }),
        { numRuns: 40 },
      );
      await expect(source.read(bytes.length - 1, 2)).rejects.toThrow(RangeError);
      await expect(source.read(-1, 1)).rejects.toThrow(RangeError);
    });

    inWorld("what is replaced while it is read is never mixed", async (store, world) => {
      const [old, new_] = [madeUpBytes(world.bigBytes, 1), madeUpBytes(world.bigBytes, 2)];
      await put(store, "a", old);
      const source = await store.open("a", never);
      onTestFinished(() => source.close());
      expect((await source.read(0, 1000)).equals(old.subarray(0, 1000))).toBe(true);
      await put(store, "a", new_, true);
      try {
        expect((await readAll(source)).equals(old)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: "archive-changed" });
      }
      expect((await get(store, "a")).equals(new_)).toBe(true);
    });

    inWorld("removing is done once, and may be asked for twice", async (store, world) => {
      await put(store, "a", Buffer.from("x"));
      await put(store, "b", Buffer.from("y"));
      await store.remove("a", never);
      await store.remove("a", never);
      expect(await listedNames(store)).toEqual(["b"]);
      expect(await world.everything()).toHaveLength(1);
    });

    inWorld("a signal ends every call, and abort still works", async (store, world) => {
      await put(store, "there", madeUpBytes(100_000));
      const reason = new AppError("interrupted", "interrupted");
      const controller = new AbortController();
      const { signal } = controller;
      const source = await store.open("there", signal);
      onTestFinished(() => source.close());
      const sink = await store.create("a", { signal });
      await writeAll(sink, madeUpBytes(world.bigBytes));
      controller.abort(reason);
      for (const call of [
        () => store.stat("there", signal),
        () => store.open("there", signal),
        () => store.create("b", { signal }),
        () => store.remove("there", signal),
        () => store.clearDead(new Date(), signal),
        async () => {
          for await (const _ of store.list(signal));
        },
        () => source.read(50_000, 10_000),
        () => writeAll(sink, madeUpBytes(2 * world.bigBytes)),
        () => sink.finish(),
      ])
        expect(await errorOf(call), call.toString()).toBe(reason);
      await sink.abort();
      expect(await listedNames(store)).toEqual(["there"]);
      expect(await world.everything()).toHaveLength(1);
    });

    inWorld("what a killed run leaves is cleared, what a live one writes stays", async (store, world) => {
      const [dead, live] = [
        await startWriter(world.recipe, "dead", world.bigBytes),
        await startWriter(world.recipe, "live", world.bigBytes),
      ];
      onTestFinished(() => live.kill());
      await dead.kill();
      await put(store, "done", Buffer.from("done"));
      expect(await listedNames(store)).toEqual(["done"]);
      const removed = await store.clearDead(new Date(), never);
      for (const what of removed) expect(what).not.toContain("live");
      const names = await world.everything();
      expect(names.filter((name) => name.includes("dead"))).toEqual([]);
      expect(await store.clearDead(new Date(), never)).toEqual([]);
      await live.finish();
      expect(await listedNames(store)).toEqual(["done", "live"]);
      expect(await store.stat("live", never)).toMatchObject({ sizeBytes: world.bigBytes });
      expect(await world.everything()).toHaveLength(2);
    });
  });
}
