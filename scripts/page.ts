import { readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { type Plugin, build } from "vite";

const root = join(import.meta.dirname, "..");
const sources = join(root, "src", "web", "page");

/** Where the built page stands: `index.html`, and `assets/` whose files are named by their content. */
export const pageFolder = join(root, "dist", "page");

/** Below so many bytes compressing gains nothing. */
const leastBytes = 300;

/** Nothing is drawn before the script has set the theme: the page does not flash in the other one. */
const drawnAtOnce: Plugin = {
  name: "drawn-at-once",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

/**
 * Builds the page of `serve`, and beside each file its compressed forms `.br` and `.gz`. It appears as a whole.
 * @param folder where to
 */
export async function buildPage(folder = pageFolder): Promise<void> {
  const temporary = `${folder}.${process.pid}.new`;
  try {
    await build({
      root: sources,
      configFile: false,
      envDir: false,
      // Addresses count from wherever the server shows it: index.html's <base>.
      base: "./",
      publicDir: false,
      logLevel: "warn",
      plugins: [drawnAtOnce],
      oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
      build: {
        outDir: temporary,
        emptyOutDir: true,
        target: ["chrome123", "firefox121", "safari17.5"],
        // Data in addresses are not allowed by the page's own policy.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        sourcemap: false,
        // What is needed at first comes in one file, the other pages in another.
        rolldownOptions: {
          output: {
            codeSplitting: {
              groups: [
                { name: "main", tags: ["$initial"] },
                { name: "pages", test: /page.pages/ },
              ],
            },
          },
        },
      },
    });
    await compressAll(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Builds the page unless it is there and newer than all that it is made of. */
export async function ensurePage(): Promise<void> {
  const builtMs = await modifiedMs(join(pageFolder, "index.html"));
  const madeOf = [...(await filesIn(sources)), join(root, "package-lock.json"), join(root, "scripts", "page.ts")];
  const newestMs = Math.max(...(await Promise.all(madeOf.map(modifiedMs))));
  if (builtMs <= newestMs) await buildPage();
}

async function compressAll(folder: string): Promise<void> {
  for (const path of await filesIn(folder)) {
    // The server writes its base path into index.html.
    if (path.endsWith(".html")) continue;
    const plain = await readFile(path);
    if (plain.length < leastBytes) continue;
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
    await writeFile(`${path}.br`, await promisify(brotliCompress)(plain, quality));
    await writeFile(`${path}.gz`, await promisify(gzip)(plain, { level: constants.Z_BEST_COMPRESSION }));
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function modifiedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

if (import.meta.main) await ensurePage();
