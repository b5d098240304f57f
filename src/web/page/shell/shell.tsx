import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { followLive } from "../data/live.ts";
import { forgetAll } from "../data/resource.ts";
import { words } from "../text/language.ts";
import { Icon } from "../ui/icon.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { EndedToasts } from "./ended-toasts.tsx";
import { Navigation } from "./navigation.tsx";

/** What stands around every page, for whoever is signed in. */
export function Shell({ children }: { children: ComponentChildren }) {
  const text = words.value.common;
  useEffect(() => {
    const stop = followLive();
    return () => {
      stop();
      forgetAll();
    };
  }, []);
  return (
    <div class="shell">
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          // With a base in the page, a fragment alone would lead away from it.
          event.preventDefault();
          document.querySelector<HTMLElement>("#content")?.focus();
        }}
      >
        {text.skipToContent}
      </a>
      <header class="top">
        <a class="brand" href="./">
          <span class="logo">
            <Icon name="shield" size={20} />
          </span>
          {text.product}
        </a>
        <Navigation />
        <AccountMenu />
      </header>
      <div class="page">
        <ConnectionBanner />
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
      <EndedToasts />
    </div>
  );
}
