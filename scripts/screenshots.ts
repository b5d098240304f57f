/*
 * Takes the pictures of docs/web-page.md: every page in both themes and on both widths, out of samples.
 * node scripts/screenshots.ts [FOLDER [PART-OF-A-NAME [ru-RU]]]: others, into a folder of their own
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Look, TestBrowser, atSampleTime } from "../test/web/page/browser.ts";
import { FixtureServer } from "../test/web/page/fixture-server.ts";
import { views } from "../test/web/page/views.ts";
import { ensurePage } from "./page.ts";

/** One of each page; the others are for looking at while one works on them. */
const shown = [
  "sign-in",
  "overview",
  "overview-trouble",
  "archives",
  "archive",
  "restore-plan",
  "runs",
  "run-running",
  "settings",
];

const [folder = join(import.meta.dirname, "..", "docs", "images", "web"), only = "", locale = "en-GB"] =
  process.argv.slice(2);
await ensurePage();
await mkdir(folder, { recursive: true });
const server = new FixtureServer();
await server.start();
const browser = await TestBrowser.launch();
try {
  for (const size of ["desktop", "phone"] as const) {
    for (const theme of ["light", "dark"] as const) {
      for (const [name, view] of Object.entries(views)) {
        if (only === "" ? shown.includes(name) : name.includes(only))
          await take(name, view, { size, theme, locale: locale as Look["locale"] });
      }
    }
  }
} finally {
  await browser.close();
  await server.stop();
}

async function take(name: string, view: (typeof views)[string], look: Look): Promise<void> {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  await atSampleTime(page);
  await view.open(page, server);
  await page.screenshot({ path: join(folder, `${name}-${look.size}-${look.theme}.png`) });
  await context.close();
}
