import { enableCompileCache } from "node:module";
import { compileCacheFolder } from "./compile-cache.ts";

enableCompileCache(compileCacheFolder(process.env, import.meta.url));
// Loaded after the cache is on, so that the program itself comes from it.
const { main } = await import("./main.ts");
process.exitCode = await main(process);
