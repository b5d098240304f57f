import { expect, test } from "vitest";
import { webPassword } from "../../fixtures/web-server.ts";
import { startReverseProxy } from "./reverse-proxy.ts";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage({ lines: ["serve.base_path = /ngw/backup/"] });

test("behind a reverse proxy under a path all of it works: addresses, cookie, live events, a backup", async () => {
  const origin = await startReverseProxy(new URL(served.server.url).origin, "/ngw/backup/");
  const url = `${origin}/ngw/backup/`;
  const viewer = await served.newViewer({}, origin);
  await viewer.page.goto(`${url}archives`);
  await viewer.page.getByLabel("User").fill("admin");
  await viewer.page.getByLabel("Password", { exact: true }).fill(webPassword);
  await viewer.button("Sign in").click();
  await viewer.heading("Archives").waitFor();
  expect((await viewer.page.context().cookies())[0]).toMatchObject({ path: "/ngw/backup/" });
  await viewer.button("Back up now").click();
  await viewer.button("Start").click();
  const id = await viewer.runId();
  expect(viewer.page.url()).toBe(`${url}runs/${id}`);
  await viewer.seesEnd("Done");
  await viewer.page.reload();
  await viewer.seesEnd("Done");
  await viewer.page.getByRole("link", { name: "Overview" }).click();
  await expect.poll(() => viewer.page.url()).toBe(url);
  // Of a run that begins elsewhere it is told through the proxy, too.
  await served.command(["verify", "latest"]);
  await viewer.page.locator(".last-card", { hasText: "Last verify" }).getByRole("link").first().waitFor();
});
