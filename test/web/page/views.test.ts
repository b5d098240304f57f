import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Look, TestBrowser, atSampleTime, sizes, watchPage } from "./browser.ts";
import { FixtureServer } from "./fixture-server.ts";
import { views } from "./views.ts";

const server = new FixtureServer();
let browser: TestBrowser;
let axeSource: string;

beforeAll(async () => {
  axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await server.start();
  browser = await TestBrowser.launch();
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

interface AxeViolation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds in a page, WCAG 2.2 AA and good practice. */
async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const options = JSON.stringify({ runOnly: tags, resultTypes: ["violations"] });
  const { violations } = await page.evaluate<{ violations: AxeViolation[] }>(`axe.run(document, ${options})`);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}

/** Pixels by which a page is wider than its window. */
async function overhang(page: Page): Promise<number> {
  return await page.evaluate<number>("document.scrollingElement.scrollWidth - document.documentElement.clientWidth");
}

describe.each(["en-GB", "ru-RU"] as const)("in %s", (locale) => {
  // Each theme and each width, each pair of them in one of the languages with axe.
  const looks: (Omit<Look, "locale"> & { withAxe: boolean })[] = [
    { size: "phone", theme: "light", withAxe: locale === "en-GB" },
    { size: "phone", theme: "dark", withAxe: locale === "ru-RU" },
    { size: "desktop", theme: "dark", withAxe: locale === "en-GB" },
    { size: "desktop", theme: "light", withAxe: locale === "ru-RU" },
  ];
  let context: BrowserContext;

  beforeAll(async () => {
    context = await browser.newContext({ size: "phone", theme: "light", locale });
  });

  afterAll(() => context.close());

  test.each(Object.keys(views))("%s is whole in both themes and on both widths", async (name) => {
    const page = await context.newPage();
    await atSampleTime(page);
    const problems = watchPage(page, new URL(server.url).origin);
    await views[name]!.open(page, server);
    expect(await page.locator("html").getAttribute("lang")).toBe(locale.slice(0, 2));
    expect(await page.title()).toContain("ngwbackup");
    for (const { size, theme, withAxe } of looks) {
      await page.setViewportSize(sizes[size]);
      await page.emulateMedia({ colorScheme: theme });
      const where = `${name}, ${size}, ${theme}`;
      await expect.poll(() => overhang(page), { message: `${where} is too wide` }).toBeLessThanOrEqual(0);
      if (withAxe) expect(await axeFindings(page), where).toEqual([]);
    }
    await page.close();
    // A refused archive is an answer of 422, which Chromium notes by itself.
    expect(problems.filter((problem) => !/status of 4(01|22)/.test(problem))).toEqual([]);
  });
});
