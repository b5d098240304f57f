/*
 * Measures what docs/web-page.md says of the page's speed: the first visit, with an empty cache, of a slow machine beside the
 * server (a quarter of the processor's speed), and as Lighthouse imitates a phone (1.6 Mbit/s and 150 ms besides).
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../bench/report/statistics.ts";
import { BenchPage } from "../bench/viewers/page.ts";
import { TestBrowser } from "../test/web/page/browser.ts";
import { ensurePage } from "./page.ts";

const visits = 5;

/** Whoever visits: how slow the line is; the processor always is. */
const visitors = [
  { name: "slow machine", line: undefined },
  { name: "phone", line: { bytesPerSecond: (1.6 * 1024 * 1024) / 8, latencyMs: 150 } },
] as const;
type Line = (typeof visitors)[number]["line"];

/** When things were there, in milliseconds since the navigation began. */
interface Figures {
  firstPaintMs: number;
  /** What was asked for is shown, and answers. */
  usableMs: number;
  /** Of tasks longer than 50 ms what is above that. */
  blockedMs: number;
  /** Heads and bodies of all answers. */
  transferredBytes: number;
}

const watch = `
  window.figures = { blockedMs: 0, usableMs: 0 };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.figures.blockedMs += duration - 50;
  }).observe({ type: "longtask", buffered: true });
  new MutationObserver(() => {
    if (window.figures.usableMs === 0 && document.querySelector(".status, .sign-in form")) window.figures.usableMs = performance.now();
  }).observe(document, { childList: true, subtree: true });`;

const folder = await mkdtemp(join(tmpdir(), "ngwbackup-figures-"));
try {
  await ensurePage();
  await mkdir(join(folder, "data"));
  const configPath = join(folder, "config.ini");
  await writeFile(configPath, `[core]\nsdir = ${folder}/data\nbackup.path = ${folder}/data\n`);
  const page = await BenchPage.open(configPath, folder, process.env);
  const browser = await TestBrowser.launch();
  try {
    for (const { name, line } of visitors)
      for (const cookie of ["", page.entry.cookie]) {
        const found: Figures[] = [];
        for (let visit = 0; visit < visits; visit += 1)
          found.push(await figuresOf(browser, { url: page.entry.url, cookie, line }));
        const of = (figure: keyof Figures): string => String(Math.round(median(found.map((one) => one[figure]))));
        process.stdout.write(
          `${name}, ${cookie === "" ? "sign-in" : "overview"}: first paint ${of("firstPaintMs")} ms, usable ${of("usableMs")} ms, ` +
            `blocked ${of("blockedMs")} ms, ${of("transferredBytes")} bytes\n`,
        );
      }
  } finally {
    await browser.close();
    await page.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function figuresOf(
  browser: TestBrowser,
  { url, cookie, line }: { url: string; cookie: string; line: Line },
): Promise<Figures> {
  const context = await browser.newContext({ size: "phone", theme: "light", locale: "en-GB" });
  try {
    const [name = "", value = ""] = cookie.split("=");
    if (cookie !== "") await context.addCookies([{ name, value, url }]);
    const page = await context.newPage();
    await page.addInitScript(watch);
    const devtools = await context.newCDPSession(page);
    let transferredBytes = 0;
    devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (transferredBytes += encodedDataLength));
    await devtools.send("Network.enable");
    if (line !== undefined) {
      const { bytesPerSecond, latencyMs: latency } = line;
      const throughput = { downloadThroughput: bytesPerSecond, uploadThroughput: bytesPerSecond };
      await devtools.send("Network.emulateNetworkConditions", { offline: false, latency, ...throughput });
    }
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await page.goto(url);
    await page.locator(".status, .sign-in form").first().waitFor();
    const paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN";
    const firstPaintMs = await page.evaluate<number>(paint);
    const figures = await page.evaluate<{ usableMs: number; blockedMs: number }>("window.figures");
    const { usableMs, blockedMs } = figures;
    // What stands in the document is not drawn yet.
    return { firstPaintMs, usableMs: Math.max(firstPaintMs, usableMs), blockedMs, transferredBytes };
  } finally {
    await context.close();
  }
}
