import type { Store } from "../../../src/stores/store.ts";

/** How a process makes a store: a module that exports {@link OpenStore} as `openStore`, and what it is called with. */
export interface StoreRecipe {
  /** Absolute path of the module. */
  module: string;
  /** JSON, so that another process can be told. */
  args: unknown;
}

/** Makes a store that the calling process (its pid) works with. */
export type OpenStore = (args: unknown, pid: number) => Promise<Store> | Store;

/** A place of its own for one test, empty at first. */
export interface StoreWorld {
  recipe: StoreRecipe;
  /** All that stands in the place by its raw means, finished or not: files, objects, uploads that are under way. */
  everything(): Promise<string[]>;
  /** A size in bytes that makes the store cut an object into several parts; small where it cuts none. */
  bigBytes: number;
  /**
   * Whether one that is created while another of the same name is made is always refused (`exact`), or only when the other one
   * was there some time before (`late`).
   */
  refusal: "exact" | "late";
}

/** Makes a store as a recipe says. */
export async function openByRecipe(recipe: StoreRecipe, pid: number): Promise<Store> {
  const { openStore } = (await import(recipe.module)) as { openStore: OpenStore };
  return await openStore(recipe.args, pid);
}
