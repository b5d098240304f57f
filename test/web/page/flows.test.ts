import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TestBrowser, atSampleTime, watchPage } from "./browser.ts";
import { FixtureServer } from "./fixture-server.ts";
import { newFixtureState } from "./fixture-state.ts";
import { archives } from "./samples/archives.ts";
import { line, plan, planRefused, planRunning, runRow, runningBackup, runningDetail } from "./samples/runs.ts";

const server = new FixtureServer();
let browser: TestBrowser;
let context: BrowserContext;
let page: Page;
let problems: string[];

beforeAll(async () => {
  await server.start();
  browser = await TestBrowser.launch();
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

beforeEach(async () => {
  server.state = newFixtureState();
  context = await browser.newContext({ size: "desktop", theme: "light", locale: "en-GB" });
  page = await context.newPage();
  await atSampleTime(page);
  problems = watchPage(page, new URL(server.url).origin);
});

afterEach(async () => {
  await context.close();
  // What the server refuses, and that it is away, Chromium notes by itself.
  expect(problems.filter((problem) => !/Failed to load resource/.test(problem))).toEqual([]);
});

const button = (name: string | RegExp) => page.getByRole("button", { name });
const heading = (name: string | RegExp) => page.getByRole("heading", { name, level: 1 });
const dialog = () => page.getByRole("dialog");
const changes = () => server.state.changes.map(({ method, path, body }) => [method, path, body]);

describe("signing in", () => {
  beforeEach(async () => {
    server.state.user = undefined;
    await page.goto(`${server.url}archives?state=losses`);
    await heading("Sign in").waitFor();
  });

  async function signIn(user: string, password: string): Promise<void> {
    await page.getByLabel("User").fill(user);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.keyboard.press("Enter");
  }

  test("leads to what was asked for, and signing out back", async () => {
    await signIn("maria", "correct horse");
    await heading("Archives").waitFor();
    expect(page.url()).toBe(`${server.url}archives?state=losses`);
    await button(/^Account/).click();
    await button("Sign out").click();
    await heading("Sign in").waitFor();
    expect(server.state.user).toBeUndefined();
  });

  test("says that the password is wrong, and empties it", async () => {
    await signIn("maria", "wrong");
    await page.getByRole("alert").getByText("User or password is wrong.").waitFor();
    expect(await page.getByLabel("Password", { exact: true }).inputValue()).toBe("");
  });

  test("says how long one is locked out", async () => {
    const error = { code: "locked-out", message: "too many failures to sign in", hints: [] };
    server.state.refusals.set("POST api/session", { status: 429, error, retryAfterSeconds: 90 });
    await signIn("maria", "wrong");
    await page
      .getByText(/Too many attempts. Try again in 1 min \d+ sec/)
      .first()
      .waitFor();
  });

  test("says that nobody can sign in yet, and how to change that", async () => {
    const hints = ["set one on the server: ngwbackup serve --set-password"];
    const refusal = { status: 401, error: { code: "no-users", message: "nobody can sign in yet", hints } };
    server.state.refusals.set("GET api/session", refusal);
    await page.reload();
    await page.getByText("Nobody can sign in yet").waitFor();
    await page.getByText(hints[0]!).waitFor();
  });
});

test("a session that ends leads to the sign-in and back to the same place", async () => {
  await page.goto(`${server.url}runs?kind=drill`);
  await heading("Runs").waitFor();
  server.state.user = undefined;
  await page.getByLabel("How it ended").selectOption("done");
  await page.getByText("Your session has ended").waitFor();
  await page.getByLabel("User").fill("maria");
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await button("Sign in").click();
  await heading("Runs").waitFor();
  expect(page.url()).toBe(`${server.url}runs?kind=drill&state=done`);
});

test("a backup is started by keyboard alone, and followed live until it ends", async () => {
  await page.goto(`${server.url}archives`);
  await page.locator("table.rows").waitFor();
  await page.keyboard.press("Tab");
  await expect.poll(() => page.evaluate("document.activeElement.className")).toBe("skip");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await dialog().waitFor();
  await expect.poll(() => page.evaluate("document.activeElement.tagName")).toBe("SELECT");
  await dialog().getByLabel("Tags").focus();
  await page.keyboard.type("before-update weekly");
  await page.keyboard.press("Enter");
  await heading("Backup").waitFor();
  // The heading has the focus: a screen reader begins there.
  await expect.poll(() => page.evaluate("document.activeElement.tagName")).toBe("H1");
  expect(changes()).toEqual([["POST", "api/runs", { kind: "backup", tags: ["before-update", "weekly"] }]]);
  await page.getByText("58 sec left").waitFor();
  await page.reload();
  await page.getByText("12 of 71 tables are done").waitFor();
  const progress = { ...runningBackup.progress!, stage: "blobs", leftMs: 9_000 };
  server.send("api/runs/413/events", "progress", progress);
  server.send("api/runs/413/events", "line", line(0, "files begin", "warning"));
  await page.getByText("9 sec left").waitFor();
  await page.getByText("files begin").waitFor();
  await page.getByRole("status").getByText("Backup: Files").waitFor();
  const run = runRow(413, { kind: "backup", durationMs: 90_000, sizeBytes: 1e9 });
  server.send("api/runs/413/events", "end", { ...runningDetail, run });
  await page.locator(".page-about").getByText("Done").waitFor();
  expect(await page.getByRole("progressbar").count()).toBe(0);
});

test("tags that are none are refused before anything is sent", async () => {
  await page.goto(`${server.url}archives`);
  await button("Back up now").click();
  await dialog().getByLabel("Tags").fill("a,b");
  await button("Start").click();
  await page.getByText("At most 20 tags").first().waitFor();
  expect(changes()).toEqual([]);
});

test("whoever looks elsewhere is told that a run has ended, with the way to it", async () => {
  server.state.running = [runningBackup];
  await page.goto(server.url);
  await page.getByText("58 sec left").waitFor();
  const run = runRow(413, { state: "failed", exitCode: 1 });
  server.state.running = [];
  server.state.runDetails.set(413, { ...runningDetail, run });
  server.send("api/events", "runs", []);
  await page.getByRole("link", { name: "Backup failed" }).click();
  await heading("Backup").waitFor();
  expect(page.url()).toBe(`${server.url}runs/413`);
});

test("a run is stopped behind a question", async () => {
  server.state.running = [runningBackup];
  await page.goto(`${server.url}runs/413`);
  await button("Stop it…").click();
  await dialog().getByText("earlier archives stay").waitFor();
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
  await expect.poll(() => page.evaluate("document.activeElement.textContent")).toBe("Stop it…");
  await button("Stop it…").click();
  await button("Stop it now").click();
  await page.getByText("It is told to stop").waitFor();
  expect(changes()).toEqual([["POST", "api/runs/413/cancel", undefined]]);
});

test("an archive is deleted only when its name is typed; what the server refuses is shown with its hints", async () => {
  const { name } = archives.archives[1]!;
  await page.goto(`${server.url}archives`);
  await button(`Actions for ${name}`).click();
  await button("Delete").click();
  await page.getByLabel(`Type ${name} to confirm`).fill("something else");
  await button("Delete for good").click();
  await page.getByText(`This has to be exactly ${name}.`).waitFor();
  expect(changes()).toEqual([]);
  const error = { code: "referred-to", message: "others need it", hints: ["ngw-later.ngwbackup"] };
  server.state.refusals.set("DELETE api/archives/a1", { status: 409, error });
  await page.getByLabel(`Type ${name} to confirm`).fill(name);
  await button("Delete for good").click();
  await dialog().getByText("others need it").waitFor();
  await dialog().getByText("ngw-later.ngwbackup").waitFor();
  server.state.refusals.clear();
  await button("Delete for good").click();
  await dialog().waitFor({ state: "hidden" });
  await page.getByText("8 archives", { exact: true }).waitFor();
  expect(changes().at(-1)).toEqual(["DELETE", "api/archives/a1", { confirm: name }]);
});

test("archives are sorted and filtered, and the address keeps it", async () => {
  await page.goto(`${server.url}archives`);
  await button("Size").click();
  await button("Size").click();
  expect(await page.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort")).toBe("ascending");
  await page.getByLabel("State").selectOption("damaged");
  await page.getByText("1 of 9 archives").waitFor();
  expect(page.url()).toBe(`${server.url}archives?sort=size&state=damaged`);
  await page.reload();
  await page.getByText("1 of 9 archives").waitFor();
  await page.getByLabel("Search names and tags").fill("nothing at all");
  await button("Clear the filters").click();
  await page.getByText("9 archives", { exact: true }).waitFor();
});

test("retention is previewed with reasons, and has it done", async () => {
  await page.goto(`${server.url}archives`);
  await button("Retention").first().click();
  await dialog().getByText("1 archive goes, 1.6 GiB.").waitFor();
  await dialog().getByText("no rule keeps it").waitFor();
  await button("Remove them now").click();
  await page.waitForURL(`${server.url}runs/413`);
  expect(changes()).toEqual([["POST", "api/runs", { kind: "prune", place: "p1" }]]);
});

test("a restore is planned live, confirmed by the instance's name, and started as chosen", async () => {
  server.state.plan = planRunning;
  await page.goto(`${server.url}restore`);
  await page.getByRole("link", { name: /Newest/ }).click();
  await page.getByRole("heading", { name: "Checking everything that can be checked" }).waitFor();
  server.send("api/plans/plan-1/events", "plan", plan);
  await page.getByText("It can be restored").waitFor();
  await page.getByText("4 min 28 sec").waitFor();
  await page.getByLabel("Migrate afterwards").check();
  await button("Restore…").click();
  await button("Restore now").click();
  await page.getByText("This has to be exactly gis.example.org.").waitFor();
  await page.getByLabel("Type gis.example.org to confirm").fill("gis.example.org");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${server.url}runs/413`);
  const body = { kind: "restore", archiveId: "a0", withService: true, migrate: true, confirm: "gis.example.org" };
  expect(changes().at(-1)).toEqual(["POST", "api/runs", body]);
});

test("a restore that would be refused cannot be started; a check again asks anew; leaving stops a plan", async () => {
  server.state.plan = planRefused;
  await page.goto(`${server.url}restore?archive=a0`);
  await page.getByText("It would be refused").waitFor();
  expect(await button("Restore…").count()).toBe(0);
  server.state.plan = planRunning;
  await button("Check again").click();
  await page.getByRole("heading", { name: "Checking everything that can be checked" }).waitFor();
  await page.getByRole("link", { name: "Choose another archive" }).click();
  await page.getByText("Choose an archive", { exact: true }).waitFor();
  await expect.poll(() => changes().at(-1)?.slice(0, 2)).toEqual(["DELETE", "api/plans/plan-1"]);
  await button("Undo the restore…").click();
  await page.getByLabel("Type gis.example.org to confirm").fill("gis.example.org");
  await button("Undo now").click();
  await page.waitForURL(`${server.url}runs/413`);
  expect(changes().at(-1)?.[2]).toEqual({ kind: "undo", confirm: "gis.example.org" });
});

test("a token is shown once", async () => {
  await page.goto(`${server.url}settings/tokens`);
  await button("New token").click();
  await page.getByLabel("Name").fill("nagios");
  await button("Make the token").click();
  const secret = dialog().getByLabel("Token", { exact: true });
  expect(await secret.inputValue()).toMatch(/^ngwb_/);
  await button("I have kept it").click();
  await page.getByRole("rowheader", { name: "nagios" }).waitFor();
  expect(await page.getByText(/^ngwb_/).count()).toBe(0);
  await button("Take back nagios").click();
  await dialog().getByRole("button", { name: "Take back" }).click();
  await page.getByRole("rowheader", { name: "nagios" }).waitFor({ state: "detached" });
});

test("older runs are loaded behind the newest, and filters narrow both", async () => {
  await page.goto(`${server.url}runs`);
  await page.locator("tbody tr").nth(14).waitFor();
  await button("Load older ones").click();
  await page.locator("tbody tr").nth(22).waitFor();
  expect(await button("Load older ones").count()).toBe(0);
  await page.getByLabel("What").selectOption("drill");
  await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
});

test("a viewer is not offered what a viewer may not do", async () => {
  server.state.user = { name: "viewer", role: "viewer" };
  server.state.running = [runningBackup];
  await page.goto(`${server.url}archives`);
  await page.locator("table.rows").waitFor();
  const nav = page.getByRole("navigation", { name: "Main" });
  expect(await nav.getByRole("link").allInnerTexts()).toEqual(["Overview", "Archives", expect.stringMatching(/^Runs/)]);
  const offers = /Back up|Retention|Actions for|Restore|Delete|Verify|Stop/;
  for (const path of ["", "archives", "archives/a0", "runs/413"]) {
    await page.goto(server.url + path);
    await page.locator("main .card").first().waitFor();
    const offered = await page.locator("main button").allInnerTexts();
    expect(offered.filter((text) => offers.test(text) && text !== "Verified")).toEqual([]);
  }
  for (const path of ["restore", "settings", "settings/tokens"]) {
    await page.goto(server.url + path);
    await page.getByText("Only operators may see this").waitFor();
  }
});

test("a server that goes away is told of, and come back to", async () => {
  await page.goto(server.url);
  await page.locator(".trend svg").first().waitFor();
  await server.stop();
  await page.getByText("The server does not answer.").waitFor();
  server.state.overview = { ...server.state.overview, instance: { name: "back.example.org", host: "h", version: "1" } };
  await server.start();
  await button("Try again").click();
  await heading("back.example.org").waitFor();
  await page.getByText("The server does not answer.").waitFor({ state: "detached" });
});

test("theme and language are switched, and stay so", async () => {
  await page.goto(server.url);
  await button(/^Account/).click();
  await page.getByLabel("Theme").selectOption("dark");
  await page.getByLabel("Language").selectOption("ru");
  await page.getByRole("link", { name: "Архивы" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "Архивы" }).waitFor();
  expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe("rgb(14, 19, 26)");
  expect(await page.locator("html").getAttribute("lang")).toBe("ru");
});

test("links, the way back and the address work below the base path", async () => {
  await page.goto(`${server.url}archives/a0`);
  await heading(/ngw-20261126/).waitFor();
  await page.getByRole("link", { name: "All archives" }).click();
  await heading("Archives").waitFor();
  await page.getByRole("link", { name: "Overview" }).click();
  await heading("gis.example.org").waitFor();
  expect(page.url()).toBe(server.url);
  await page.goBack();
  await heading("Archives").waitFor();
  expect(server.asked.filter((asked) => asked.includes("undefined"))).toEqual([]);
});
