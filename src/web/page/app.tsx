import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { session } from "./data/session.ts";
import { lazyPage } from "./lazy.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { SignInPage } from "./pages/sign-in/sign-in-page.tsx";
import { here } from "./router/location.ts";
import { routeOf } from "./router/routes.ts";
import { ConnectionBanner } from "./shell/connection-banner.tsx";
import { Shell } from "./shell/shell.tsx";
import { words } from "./text/language.ts";
import { Announcer } from "./ui/announcer.tsx";
import { ButtonLink } from "./ui/button.tsx";
import { PageHeader } from "./ui/page-header.tsx";
import { Empty } from "./ui/placeholder.tsx";

const archives = lazyPage(async () => (await import("./pages/archives/archives-page.tsx")).ArchivesPage);
const archive = lazyPage(async () => (await import("./pages/archive/archive-page.tsx")).ArchivePage);
const restore = lazyPage(async () => (await import("./pages/restore/restore-page.tsx")).RestorePage);
const runs = lazyPage(async () => (await import("./pages/runs/runs-page.tsx")).RunsPage);
const run = lazyPage(async () => (await import("./pages/runs/run-page.tsx")).RunPage);
const settings = lazyPage(async () => (await import("./pages/settings/settings-page.tsx")).SettingsPage);

/** The whole page: whoever is signed in sees what the address names, anybody else the sign-in. */
export function App() {
  const who = session.value;
  return (
    <>
      {who === undefined && <ConnectionBanner />}
      {who === null && <SignInPage />}
      {who && <SignedIn key={who.user} />}
      <Announcer />
    </>
  );
}

function SignedIn() {
  useEffect(() => {
    // The other pages come while nobody waits for them.
    const later = window.setTimeout(() => {
      for (const page of [archives, archive, runs, run, restore, settings]) page.prefetch();
    }, 1500);
    return () => window.clearTimeout(later);
  }, []);
  return (
    <Shell>
      <Current />
    </Shell>
  );
}

function Current(): ComponentChildren {
  const route = routeOf(here.value.path);
  switch (route.page) {
    case "overview":
      return <OverviewPage />;
    case "archives":
      return <archives.Page />;
    case "archive":
      return <archive.Page key={route.id} id={route.id} />;
    case "restore":
      return <restore.Page />;
    case "runs":
      return <runs.Page />;
    case "run":
      return <run.Page key={route.id} id={route.id} />;
    case "settings":
      return <settings.Page part={route.part} />;
    default:
      return <Unknown />;
  }
}

function Unknown() {
  const text = words.value.common;
  return (
    <>
      <PageHeader title={text.notFound} about={text.notFoundAdvice} />
      <Empty title={text.notFound}>
        <ButtonLink href="./">{text.toOverview}</ButtonLink>
      </Empty>
    </>
  );
}
