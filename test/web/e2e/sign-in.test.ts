import { expect, test } from "vitest";
import { startProgram } from "../../fixtures/run-program.ts";
import { webPassword } from "../../fixtures/web-server.ts";
import { type Viewer, useServedPage } from "./use-served-page.ts";

const served = useServedPage();

async function signIn(viewer: Viewer, user: string, password: string): Promise<void> {
  await viewer.page.getByLabel("User").fill(user);
  await viewer.page.getByLabel("Password", { exact: true }).fill(password);
  await viewer.page.keyboard.press("Enter");
}

test("a password that was set on the server leads to where one wanted to go; a wrong one is told, and signing out leads back", async () => {
  const set = startProgram(["serve", "--set-password", "olga", "--config", served.config], { stdin: "pipe" });
  set.child.stdin!.end("long enough to be good");
  expect((await set.ended).exitCode).toBe(0);
  const viewer = await served.newViewer();
  await viewer.page.goto(`${served.server.url}runs?kind=drill`);
  await viewer.heading("Sign in").waitFor();
  await signIn(viewer, "olga", "not what it is");
  await viewer.page.getByRole("alert").getByText("User or password is wrong.").waitFor();
  expect(await viewer.page.getByLabel("Password", { exact: true }).inputValue()).toBe("");
  expect(await viewer.heading("Runs").count()).toBe(0);
  await signIn(viewer, "olga", "long enough to be good");
  await viewer.heading("Runs").waitFor();
  expect(viewer.page.url()).toBe(`${served.server.url}runs?kind=drill`);
  // The cookie is the browser's alone: no script reads it, and no other site gets it.
  const [cookie] = await viewer.page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
  await viewer.button(/^Account/).click();
  await viewer.button("Sign out").click();
  await viewer.heading("Sign in").waitFor();
  await viewer.page.reload();
  await viewer.heading("Sign in").waitFor();
});

test("a session that has ended on the server leads to the sign-in and back to the same place", async () => {
  const viewer = await served.viewer("archives?sort=size");
  await viewer.heading("Archives").waitFor();
  await viewer.button("Back up now").click();
  await viewer.dialog().waitFor();
  served.expireSessions();
  // The dialog may be gone already: the page looks after its session by itself, too.
  await viewer.page.evaluate("document.querySelector('dialog form')?.requestSubmit()");
  await viewer.text("Your session has ended").waitFor();
  expect(served.runs.running).toEqual([]);
  await signIn(viewer, "admin", webPassword);
  await viewer.heading("Archives").waitFor();
  expect(viewer.page.url()).toBe(`${served.server.url}archives?sort=size`);
});

test("a page that only looks notices that its session is over, too", async () => {
  const viewer = await served.viewer("archives");
  await viewer.heading("Archives").waitFor();
  served.expireSessions();
  await viewer.text("Your session has ended").waitFor();
});

test("whoever guesses is locked out, and told for how long; the right password does not help then", async () => {
  const viewer = await served.newViewer();
  await viewer.page.goto(served.server.url);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const answered = viewer.page.waitForResponse((response) => response.url().endsWith("api/session"));
    await signIn(viewer, "vera", `guess ${attempt}`);
    expect((await answered).status()).toBe(401);
    await viewer.text("User or password is wrong.").waitFor();
  }
  await signIn(viewer, "vera", "one more");
  await viewer.text(/Too many attempts. Try again in \d+ sec/).waitFor();
  await signIn(viewer, "vera", webPassword);
  await viewer.text(/Too many attempts/).waitFor();
  expect(await viewer.heading("Sign in").count()).toBe(1);
});
