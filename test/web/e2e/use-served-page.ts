import { appendFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { ensurePage } from "../../../scripts/page.ts";
import { loadSettings } from "../../../src/config/settings.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { type TestInstance, type TestInstanceOptions, createTestInstance } from "../../fixtures/test-instance.ts";
import { addUsers, webPassword } from "../../fixtures/web-server.ts";
import { addBlob, blobFile, sql } from "../../operations/increments/changes.ts";
import { type Look, TestBrowser, watchPage } from "../page/browser.ts";
import { PageServer } from "./page-server.ts";
import { RunsAtWork } from "./runs-at-work.ts";

/** A machine that has much else to do is slow, not wrong. */
const patienceMs = 90_000;
/** Of a file that is there to be worked on. */
const workBytes = 128 * 1024 * 1024;
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** What a served page is made with. */
export interface ServedPageOptions extends Omit<TestInstanceOptions, "extraConfig"> {
  /** Of section `[ngwbackup]`. */
  lines?: readonly string[];
  /** Runs wait in their hook at the beginning while the gate is closed, and have enough to do then to be held. */
  hasGate?: boolean;
}

/** Somebody who looks at the page with a browser of their own. */
export class Viewer {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole("heading", { name, level: 1 });
  }

  dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  text(text: string | RegExp): Locator {
    return this.page.getByText(text).first();
  }

  /** Chooses what can be done with an archive of the list. */
  async choose(archive: string, action: string): Promise<void> {
    await this.button(`Actions for ${archive}`).click();
    await this.page.locator(".menu-item:visible", { hasText: new RegExp(`^${action}$`) }).click();
  }

  /** The number of the run that is looked at, once one is. */
  async runId(): Promise<number> {
    await this.page.waitForURL(/\/runs\/\d+$/);
    return Number(/\d+$/.exec(this.page.url())?.[0]);
  }

  /** Waits for the end of the run that is looked at, as the page tells it. */
  async seesEnd(state: string): Promise<void> {
    const badge = this.page.locator(".page-about .badge");
    await badge.filter({ hasNotText: "Running" }).waitFor();
    expect(await badge.innerText(), await this.page.locator("#content").innerText()).toBe(state);
  }
}

/** A small instance whose page a process of its own serves, for the tests of a file, and browsers that look at it. */
export class ServedPage {
  readonly #options: ServedPageOptions;
  #instance: TestInstance | undefined;
  #server: PageServer | undefined;
  #browser: TestBrowser | undefined;
  #contexts: { context: BrowserContext; problems: string[] }[] = [];

  constructor(options: ServedPageOptions) {
    this.#options = options;
  }

  get instance(): TestInstance {
    return there(this.#instance);
  }

  get server(): PageServer {
    return there(this.#server);
  }

  get runs(): RunsAtWork {
    return new RunsAtWork(this.instance.sdir);
  }

  /** Of the configuration, which the server reads again each time. */
  get config(): string {
    return this.instance.config[1];
  }

  /** Adds lines to section `[ngwbackup]`. */
  configure(...lines: string[]): void {
    appendFileSync(this.config, `${lines.join("\n")}\n`);
  }

  get #gate(): string {
    return join(this.instance.folder, "gate");
  }

  /** From now on runs wait before their work. */
  closeGate(): void {
    writeFileSync(this.#gate, "");
  }

  openGate(): void {
    rmSync(this.#gate);
  }

  /** Holds the run that is looked at, which has begun behind the closed gate, amid its work. @returns its number */
  async holdAmid(viewer: Viewer): Promise<number> {
    const id = await viewer.runId();
    await this.runs.holdAmid(id, () => this.openGate());
    return id;
  }

  /** Runs a command of ours as somebody on the server does. @throws when it does not end as expected */
  async command(args: readonly string[], exitCode = 0): Promise<void> {
    const [name = "", ...rest] = args;
    const result = await runCli([name, ...this.instance.config, ...rest]);
    if (result.exitCode !== exitCode) throw new Error(`${name} ended with ${result.exitCode}: ${result.stderr}`);
  }

  /** Backs up into the usual folder under a name. @returns the archive's path */
  async backUp(name: string, flags: readonly string[] = [], exitCode = 0): Promise<string> {
    mkdirSync(this.instance.backupFolder, { recursive: true });
    const path = join(this.instance.backupFolder, name);
    await this.command(["backup", ...flags, path], exitCode);
    return path;
  }

  async startServer(port = 0): Promise<void> {
    this.#server = await PageServer.start(this.config, { port });
  }

  async stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.stop();
  }

  /** Has all sessions be as if nobody had used them for longer than they last. */
  expireSessions(): void {
    const database = new DatabaseSync(join(this.instance.sdir, ".ngwbackup", "web.sqlite"), { timeout: 5_000 });
    database.exec(`UPDATE session SET seen_at = seen_at - ${13 * 60 * 60 * 1000}`);
    database.close();
  }

  /**
   * A browser just installed, before its first address; closed when the test is over.
   * @param origin all that it may ask
   */
  async newViewer(look: Partial<Look> = {}, origin = new URL(this.server.url).origin): Promise<Viewer> {
    const all: Look = { size: "desktop", theme: "light", locale: "en-GB", ...look };
    const context = await there(this.#browser).newContext(all, { acceptDownloads: true });
    context.setDefaultTimeout(patienceMs);
    const page = await context.newPage();
    this.#contexts.push({ context, problems: watchPage(page, origin) });
    return new Viewer(page);
  }

  /** Somebody who is signed in, and looks at a path below the base. */
  async viewer(path = "", user = "admin", look: Partial<Look> = {}): Promise<Viewer> {
    const viewer = await this.newViewer(look);
    const { origin } = new URL(this.server.url);
    const answer = await viewer.page
      .context()
      .request.post(`${this.server.url}api/session`, { data: { user, password: webPassword }, headers: { origin } });
    if (!answer.ok()) throw new Error(`${user} cannot sign in: ${await answer.text()}`);
    await viewer.page.goto(this.server.url + path);
    return viewer;
  }

  /** Makes all of it, with an operator `admin` and a viewer `vera`. */
  async begin(): Promise<void> {
    const { lines = [], hasGate = false, ...options } = this.#options;
    this.#instance = await createTestInstance(options);
    const { database, sdir } = this.#instance;
    await createInstance({ settings: database.settings, sdir, scale: tinyScale });
    const hook = `hook.before = sh -c 'while [ -e ${this.#gate} ]; do sleep 0.1; done'`;
    this.configure("[ngwbackup]", ...lines, ...(hasGate ? [hook] : []));
    if (hasGate) {
      // Zeros take no room on the disk, but their time to be read.
      const blob = await addBlob(this.instance, 1);
      truncateSync(blobFile(this.instance, blob), workBytes);
      await sql(this.instance, `UPDATE fileobj SET size = ${workBytes} WHERE uuid = '${blob}'`);
    }
    const settings = await loadSettings({ env: {}, cwd: "/", configPaths: [this.config] });
    await addUsers(settings, { admin: "operator", vera: "viewer" });
    await ensurePage();
    this.#browser = await TestBrowser.launch();
    await this.startServer();
  }

  /** Closes what a test has opened. @throws when a page had an error, or asked for anything elsewhere */
  async afterTest(): Promise<void> {
    const contexts = this.#contexts;
    this.#contexts = [];
    for (const { context } of contexts) await context.close();
    // What the server refuses, and that it is away, Chromium notes by itself.
    const notable = contexts.flatMap(({ problems }) => problems).filter((problem) => !isNoise(problem));
    expect(notable).toEqual([]);
  }

  async end(): Promise<void> {
    try {
      await this.#browser?.close();
      await this.stopServer();
    } finally {
      if (this.#instance !== undefined) {
        await this.runs.endAll();
        await this.#instance.drop();
      }
    }
  }
}

/** Makes and drops one around the tests of a file. */
export function useServedPage(options: ServedPageOptions = {}): ServedPage {
  const served = new ServedPage(options);
  beforeAll(() => served.begin());
  afterEach(() => served.afterTest());
  afterAll(() => served.end());
  return served;
}

function isNoise(problem: string): boolean {
  return problem.includes("Failed to load resource");
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("no test runs");
  return value;
}
