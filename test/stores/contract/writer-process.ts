/*
 * A run that writes an object and then waits: argument 1 is the recipe of the store as JSON, 2 the name, 3 how many bytes. Prints
 * `written` when the store has taken them; finishes and prints `finished` on a line on stdin. Tests kill it in between.
 */
import { once } from "node:events";
import { openByRecipe, type StoreRecipe } from "./store-world.ts";

const [recipe = "", name = "", bytes = ""] = process.argv.slice(2);
const store = await openByRecipe(JSON.parse(recipe) as StoreRecipe, process.pid);
const sink = await store.create(name, { signal: new AbortController().signal });
const chunkBytes = 1024 * 1024;
for (let left = Number(bytes); left > 0; left -= chunkBytes)
  await sink.write(Buffer.alloc(Math.min(left, chunkBytes), "x"));
process.stdout.write("written\n");
await once(process.stdin, "data");
await sink.finish();
process.stdout.write("finished\n");
await store.close();
process.stdin.destroy();
