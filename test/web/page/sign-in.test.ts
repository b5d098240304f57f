import { beforeEach, describe, expect, test } from "vitest";
import { runningBackup } from "./samples/runs.ts";
import { usePage } from "./use-page.ts";

const used = usePage();

describe("signing in", () => {
  beforeEach(async () => {
    used.server.state.user = undefined;
    await used.goTo("archives?state=losses");
    await used.heading("Sign in").waitFor();
  });

  async function signIn(user: string, password: string): Promise<void> {
    await used.page.getByLabel("User").fill(user);
    await used.page.getByLabel("Password", { exact: true }).fill(password);
    await used.page.keyboard.press("Enter");
  }

  test("leads to what was asked for, and signing out back", async () => {
    await signIn("maria", "correct horse");
    await used.heading("Archives").waitFor();
    expect(used.page.url()).toBe(`${used.server.url}archives?state=losses`);
    await used.button(/^Account/).click();
    await used.button("Sign out").click();
    await used.heading("Sign in").waitFor();
    expect(used.server.state.user).toBeUndefined();
  });

  test("says that the password is wrong, and empties it", async () => {
    await signIn("maria", "wrong");
    await used.page.getByRole("alert").getByText("User or password is wrong.").waitFor();
    expect(await used.page.getByLabel("Password", { exact: true }).inputValue()).toBe("");
  });

  test("says how long one is locked out", async () => {
    const error = { code: "locked-out", message: "too many failures to sign in", hints: [] };
    used.server.state.refusals.set("POST api/session", { status: 429, error, retryAfterSeconds: 90 });
    await signIn("maria", "wrong");
    await used.page
      .getByText(/Too many attempts. Try again in 1 min \d+ sec/)
      .first()
      .waitFor();
  });

  test("says that nobody can sign in yet, and how to change that", async () => {
    const hints = ["set one on the server: ngwbackup serve --set-password"];
    const refusal = { status: 401, error: { code: "no-users", message: "nobody can sign in yet", hints } };
    used.server.state.refusals.set("GET api/session", refusal);
    await used.page.reload();
    await used.page.getByText("Nobody can sign in yet").waitFor();
    await used.page.getByText(hints[0]!).waitFor();
  });
});

test("a session that ends leads to the sign-in and back to the same place", async () => {
  await used.goTo("runs?kind=drill");
  await used.page.locator("tbody tr").first().waitFor();
  used.server.state.user = undefined;
  await used.page.getByLabel("How it ended").selectOption("done");
  await used.page.getByText("Your session has ended").waitFor();
  await used.page.getByLabel("User").fill("maria");
  await used.page.getByLabel("Password", { exact: true }).fill("correct horse");
  await used.button("Sign in").click();
  await used.heading("Runs").waitFor();
  expect(used.page.url()).toBe(`${used.server.url}runs?kind=drill&state=done`);
});

test("a viewer is not offered what a viewer may not do", async () => {
  used.server.state.user = { name: "viewer", role: "viewer" };
  used.server.state.running = [runningBackup];
  await used.goTo("archives");
  await used.page.locator("table.rows").waitFor();
  const nav = used.page.getByRole("navigation", { name: "Main" });
  expect(await nav.getByRole("link").allInnerTexts()).toEqual(["Overview", "Archives", expect.stringMatching(/^Runs/)]);
  const offers = /Back up|Retention|Actions for|Restore|Delete|Verify|Stop/;
  for (const path of ["", "archives", "archives/a0", "runs/413"]) {
    await used.goTo(path);
    await used.page.locator("main .card").first().waitFor();
    const offered = await used.page.locator("main button").allInnerTexts();
    expect(offered.filter((text) => offers.test(text) && text !== "Verified")).toEqual([]);
  }
  for (const path of ["restore", "settings", "settings/tokens"]) {
    await used.goTo(path);
    await used.page.getByText("Only operators may see this").waitFor();
  }
});

test("theme and language are switched, and stay so", async () => {
  await used.goTo("");
  await used.button(/^Account/).click();
  await used.page.getByLabel("Theme").selectOption("dark");
  await used.page.getByLabel("Language").selectOption("ru");
  await used.page.getByRole("link", { name: "Архивы" }).waitFor();
  await used.page.reload();
  await used.page.getByRole("link", { name: "Архивы" }).waitFor();
  expect(await used.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe(
    "rgb(14, 19, 26)",
  );
  expect(await used.page.locator("html").getAttribute("lang")).toBe("ru");
});
