import { render } from "preact";
import { App } from "./app.tsx";
import { followClock } from "./data/clock.ts";
import { connection, onRetry, retryAt } from "./data/connection.ts";
import { findSession } from "./data/sign-in.ts";
import { followTheme } from "./data/theme.ts";
import { followLocation } from "./router/location.ts";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/page.css";
import "./style/controls.css";
import "./style/overlays.css";
import "./style/parts.css";
import "./style/notices.css";
import "./style/progress.css";
import "./style/tables.css";
import "./style/tables-narrow.css";
import "./style/charts.css";
import "./style/overview.css";
import "./style/archives.css";
import "./style/restore.css";
import "./style/runs.css";
import "./style/settings.css";
import "./style/sign-in.css";
import { preferredLanguage, speak } from "./text/language.ts";

const retryMs = 5000;

followTheme();
followLocation();
followClock();
void findWhoIsThere();
void draw();

/** Not before its words are there. At the top level an await would wait for itself: they come from a part that needs this one. */
async function draw(): Promise<void> {
  await speak(preferredLanguage());
  const root = document.querySelector("#page");
  if (root !== null) render(<App />, root);
}

/** Until the server has answered once there is nothing to show. */
async function findWhoIsThere(): Promise<void> {
  try {
    await findSession();
    connection.value = "open";
  } catch {
    connection.value = "lost";
    retryAt.value = Date.now() + retryMs;
    const again = (): void => {
      window.clearTimeout(timer);
      stop();
      void findWhoIsThere();
    };
    const stop = onRetry(again);
    const timer = window.setTimeout(again, retryMs);
  }
}
