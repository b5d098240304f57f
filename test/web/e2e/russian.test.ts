import { expect, test } from "vitest";
import { webPassword } from "../../fixtures/web-server.ts";
import { useServedPage } from "./use-served-page.ts";

const served = useServedPage();

test("whoever's browser speaks Russian is spoken to in Russian, from the sign-in to the end of a backup, on a phone", async () => {
  const viewer = await served.newViewer({ locale: "ru-RU", size: "phone", theme: "dark" });
  await viewer.page.goto(served.server.url);
  await viewer.heading("Вход").waitFor();
  expect(await viewer.page.locator("html").getAttribute("lang")).toBe("ru");
  await viewer.page.getByLabel("Пользователь").fill("admin");
  await viewer.page.getByLabel("Пароль", { exact: true }).fill("неверный");
  await viewer.button("Войти").click();
  await viewer.text("Неверный пользователь или пароль.").waitFor();
  await viewer.page.getByLabel("Пароль", { exact: true }).fill(webPassword);
  await viewer.button("Войти").click();
  await viewer.text("Резервных копий ещё нет").waitFor();
  await viewer.page.getByRole("link", { name: "Архивы" }).click();
  await viewer.heading("Архивы").waitFor();
  await viewer.page.locator(".page-header, header").getByRole("button").last().click();
  await viewer.dialog().locator("button[type=submit]").click();
  await viewer.runId();
  await viewer.page.locator(".page-about .badge.ok").waitFor();
  // Nothing stands out over the edge of a narrow screen.
  const width = await viewer.page.evaluate("document.documentElement.scrollWidth");
  expect(width).toBe(360);
});
