import { expect, test } from "vitest";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage({ hasGate: true });

test("while the server is away a backup goes on, a banner says so, and the page comes back by itself", async () => {
  const admin = await served.viewer("archives");
  served.closeGate();
  await admin.button("Back up now").click();
  await admin.button("Start").click();
  const id = await served.holdAmid(admin);
  await admin.page.getByRole("progressbar").waitFor();
  const { port } = served.server;
  await served.stopServer();
  await admin.text("The server does not answer.").waitFor();
  expect(served.runs.stateOf(id)).toBe("running");
  // What is shown stays to be read.
  await admin.heading("Backup").waitFor();
  await served.startServer(port);
  await admin.page.getByText("The server does not answer.").waitFor({ state: "detached" });
  await admin.page.getByRole("progressbar").waitFor();
  served.runs.release(id);
  await admin.seesEnd("Done");
});

test("a backup that ends while the server is away is seen as ended when it is back", async () => {
  const admin = await served.viewer("archives");
  served.closeGate();
  await admin.button("Back up now").click();
  await admin.button("Start").click();
  const id = await served.holdAmid(admin);
  const { port } = served.server;
  await served.stopServer();
  await admin.text("The server does not answer.").waitFor();
  served.runs.release(id);
  expect(await served.runs.endOf(id)).toBe("done");
  await served.startServer(port);
  await admin.seesEnd("Done");
  await admin.page.getByText("The server does not answer.").waitFor({ state: "detached" });
});
