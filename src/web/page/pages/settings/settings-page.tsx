import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { SettingsView } from "../../../api/settings.ts";
import { useResource } from "../../data/resource.ts";
import { isOperator } from "../../data/session.ts";
import { type SettingsPart, settingsParts } from "../../router/routes.ts";
import { words } from "../../text/language.ts";
import { PageHeader } from "../../ui/page-header.tsx";
import { Loaded, OnlyOperators } from "../../ui/placeholder.tsx";
import { Audit } from "./audit.tsx";
import { Notifications } from "./notifications.tsx";
import { Options } from "./options.tsx";
import { Schedule } from "./schedule.tsx";
import { Tokens } from "./tokens.tsx";

/** What is configured, who may do what, and who did. */
export function SettingsPage({ part }: { part: SettingsPart }) {
  const text = words.value.settings;
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [part]);
  return (
    <>
      <PageHeader title={words.value.common.settings} />
      {isOperator() ? (
        <>
          <nav ref={tabs} class="tabs" aria-label={text.navigation}>
            {settingsParts.map((name) => (
              <a
                key={name}
                href={name === "options" ? "settings" : `settings/${name}`}
                aria-current={name === part ? "page" : undefined}
              >
                {text.parts[name]}
              </a>
            ))}
          </nav>
          <Part part={part} />
        </>
      ) : (
        <OnlyOperators />
      )}
    </>
  );
}

function Part({ part }: { part: SettingsPart }): ComponentChildren {
  switch (part) {
    case "options":
      return <FromSettings>{(view) => <Options view={view} />}</FromSettings>;
    case "schedule":
      return <FromSettings>{(view) => <Schedule view={view} />}</FromSettings>;
    case "notifications":
      return <FromSettings>{(view) => <Notifications view={view} />}</FromSettings>;
    case "tokens":
      return <Tokens />;
    case "audit":
      return <Audit />;
    default:
      return null;
  }
}

function FromSettings({ children }: { children: (view: SettingsView) => ComponentChildren }) {
  return <Loaded from={useResource<SettingsView>("api/settings")}>{children}</Loaded>;
}
