/**
 * Does something for each item, several at a time. The first error ends it; when it settles, nothing runs any more.
 * @throws the first error of an action or of the items
 */
export async function forEachAtOnce<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  atOnce: number,
  action: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let ended = false;
  // An iterator that is no queue would be asked for its next item before the last has come.
  let asking: Promise<unknown> = Promise.resolve();
  const nextItem = async (): Promise<IteratorResult<Item>> => {
    const mine = asking.then(async () => (ended ? ({ done: true, value: undefined } as const) : await iterator.next()));
    asking = mine.catch(() => undefined);
    return await mine;
  };
  const worker = async (): Promise<void> => {
    try {
      for (let next = await nextItem(); next.done !== true && !ended; next = await nextItem()) await action(next.value);
    } catch (error) {
      ended = true;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  await iterator.return?.(undefined);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
