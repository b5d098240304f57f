import type { Page } from "playwright-core";
import { newFixtureState } from "./fixture-state.ts";
import type { FixtureState } from "./fixture-state.ts";
import type { FixtureServer } from "./fixture-server.ts";
import { overviewEmpty, overviewTrouble } from "./samples/overview.ts";
import { planRefused, planRunning, runningBackup } from "./samples/runs.ts";

/** Something of the page that is looked at by itself. */
export interface View {
  /** Opens it on a server whose state it sets, and waits until all of it is there. */
  open(page: Page, server: FixtureServer): Promise<void>;
}

interface ViewParts {
  path: string;
  /** A text that is there when all is, by its selector. */
  ready: string;
  state?: (state: FixtureState) => void;
  /** What is pressed after that. */
  press?: (page: Page) => Promise<void>;
}

function view({ path, ready, state, press }: ViewParts): View {
  return {
    open: async (page, server) => {
      server.state = newFixtureState();
      state?.(server.state);
      await page.goto(server.url + path);
      await page.locator(ready).first().waitFor();
      await press?.(page);
    },
  };
}

const trouble = (state: FixtureState): void => {
  state.overview = overviewTrouble;
};

const running = (state: FixtureState): void => {
  state.running = [runningBackup];
};

/** Every page, in the states that look different. */
export const views: Readonly<Record<string, View>> = {
  "sign-in": view({
    path: "",
    ready: "input[type=password]",
    state: (state) => {
      state.user = undefined;
    },
  }),
  overview: view({ path: "", ready: ".trend svg" }),
  "overview-trouble": view({ path: "", ready: ".trend svg", state: trouble }),
  "overview-empty": view({
    path: "",
    ready: ".status",
    state: (state) => {
      state.overview = overviewEmpty;
      state.archives = { ...state.archives, archives: [] };
    },
  }),
  "overview-running": view({ path: "", ready: "progress", state: running }),
  archives: view({ path: "archives", ready: "table.rows" }),
  "archives-menu": view({
    path: "archives",
    ready: "table.rows",
    press: async (page) => {
      await page.locator(".row-actions > button").nth(1).click();
      await page.locator(".menu:popover-open").waitFor();
    },
  }),
  "archives-backup": view({
    path: "archives",
    ready: "table.rows",
    press: async (page) => {
      await page.locator(".page-actions button").click();
      await page.locator("dialog[open]").waitFor();
    },
  }),
  "archives-retention": view({
    path: "archives",
    ready: "table.rows",
    press: async (page) => {
      await page.locator(".place button").first().click();
      await page.locator(".retention").waitFor();
    },
  }),
  "archives-delete": view({
    path: "archives",
    ready: "table.rows",
    press: async (page) => {
      await page.locator(".row-actions > button").nth(1).click();
      await page.locator(".menu:popover-open .menu-item.bad").click();
      await page.locator("dialog[open]").waitFor();
    },
  }),
  archive: view({ path: "archives/a0", ready: ".changes li" }),
  "archive-losses": view({ path: "archives/a2", ready: ".code-list" }),
  "archive-damaged": view({ path: "archives/a9", ready: ".notice.bad" }),
  "archive-unreadable": view({ path: "archives/a18", ready: ".notice.bad" }),
  restore: view({ path: "restore", ready: ".choice" }),
  "restore-planning": view({
    path: "restore?archive=a0",
    ready: "progress",
    state: (state) => {
      state.plan = planRunning;
    },
  }),
  "restore-plan": view({ path: "restore?archive=a0", ready: ".replaced" }),
  "restore-refused": view({
    path: "restore?archive=a0",
    ready: ".replaced",
    state: (state) => {
      state.plan = planRefused;
    },
  }),
  "restore-confirm": view({
    path: "restore?archive=a0",
    ready: ".replaced",
    press: async (page) => {
      await page.locator(".plan-options .button.danger").click();
      await page.locator("dialog[open]").waitFor();
    },
  }),
  runs: view({ path: "runs", ready: "table.rows" }),
  "run-running": view({ path: "runs/413", ready: ".log", state: running }),
  "run-failed": view({ path: "runs/395", ready: ".log" }),
  "run-restored": view({ path: "runs/390", ready: ".steps" }),
  settings: view({ path: "settings", ready: "table.options" }),
  "settings-schedule": view({ path: "settings/schedule", ready: "table.rows" }),
  "settings-notifications": view({
    path: "settings/notifications",
    ready: ".plain-list",
    press: async (page) => {
      await page.locator("main .button").click();
      await page.locator("main .badge").first().waitFor();
    },
  }),
  "settings-tokens": view({ path: "settings/tokens", ready: "table.rows" }),
  "settings-audit": view({ path: "settings/audit", ready: "table.rows" }),
  "not-found": view({ path: "nowhere", ready: ".empty" }),
};
