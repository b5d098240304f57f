import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import { sampleNow } from "./samples/moments.ts";

/** Where Debian's package puts it. */
export const chromiumPath = "/usr/bin/chromium";

/** Sizes that the page has to be at home on. */
export const sizes = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } } as const;

/** How a page is looked at. */
export interface Look {
  size: keyof typeof sizes;
  theme: "light" | "dark";
  locale: "en-GB" | "ru-RU";
}

/** A Chromium with a profile of its own, which goes with it. */
export class TestBrowser {
  readonly #folder: string;
  readonly #browser: Awaited<ReturnType<typeof chromium.launch>>;

  private constructor(folder: string, browser: Awaited<ReturnType<typeof chromium.launch>>) {
    this.#folder = folder;
    this.#browser = browser;
  }

  static async launch(): Promise<TestBrowser> {
    const folder = await mkdtemp(join(tmpdir(), "ngwbackup-chromium-"));
    const browser = await chromium.launch({
      executablePath: chromiumPath,
      headless: true,
      env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    return new TestBrowser(folder, browser);
  }

  /** A fresh context, as if of a browser just installed; the caller closes it. */
  async newContext(look: Look, options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({
      viewport: sizes[look.size],
      colorScheme: look.theme,
      locale: look.locale,
      timezoneId: "Europe/Berlin",
      reducedMotion: "reduce",
      hasTouch: look.size === "phone",
      ...options,
    });
    context.setDefaultTimeout(20_000);
    return context;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Has a page believe that it is the samples' now; timers go on. */
export async function atSampleTime(page: Page): Promise<void> {
  await page.clock.setFixedTime(sampleNow);
}

/** Collects all that must not happen in a page: errors, refused contents, requests to anywhere else. */
export function watchPage(page: Page, origin: string): string[] {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) problems.push(`request elsewhere: ${request.url()}`);
  });
  return problems;
}
