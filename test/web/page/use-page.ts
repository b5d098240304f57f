import type { BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { TestBrowser, atSampleTime, watchPage } from "./browser.ts";
import { FixtureServer } from "./fixture-server.ts";
import { newFixtureState } from "./fixture-state.ts";

/** A page of a desktop for each test of a file, on a server of samples that is as new each time. */
export class UsedPage {
  readonly server = new FixtureServer();
  #browser: TestBrowser | undefined;
  #context: BrowserContext | undefined;
  #page: Page | undefined;
  #problems: string[] = [];

  /** The page of the test that runs. */
  get page(): Page {
    if (this.#page === undefined) throw new Error("no test runs");
    return this.#page;
  }

  /** Goes to a path below the base. */
  async goTo(path: string): Promise<void> {
    await this.page.goto(this.server.url + path);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole("heading", { name, level: 1 });
  }

  dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  /** What the page has had changed: method, path and body of each. */
  changes(): [method: string, path: string, body: unknown][] {
    return this.server.state.changes.map(({ method, path, body }) => [method, path, body]);
  }

  async begin(): Promise<void> {
    await this.server.start();
    this.#browser = await TestBrowser.launch();
  }

  async open(): Promise<void> {
    this.server.state = newFixtureState();
    this.#context = await this.#browser!.newContext({ size: "desktop", theme: "light", locale: "en-GB" });
    this.#page = await this.#context.newPage();
    await atSampleTime(this.#page);
    this.#problems = watchPage(this.#page, new URL(this.server.url).origin);
  }

  async close(): Promise<void> {
    await this.#context?.close();
    // What the server refuses, and that it is away, Chromium notes by itself.
    expect(this.#problems.filter((problem) => !problem.includes("Failed to load resource"))).toEqual([]);
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await this.server.stop();
  }
}

/** Opens and closes one around the tests of a file. */
export function usePage(): UsedPage {
  const used = new UsedPage();
  beforeAll(() => used.begin());
  beforeEach(() => used.open());
  afterEach(() => used.close());
  afterAll(() => used.end());
  return used;
}
