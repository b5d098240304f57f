import { running } from "../data/live.ts";
import { isOperator } from "../data/session.ts";
import { here } from "../router/location.ts";
import { words } from "../text/language.ts";
import { Icon, type IconName } from "../ui/icon.tsx";

const places: readonly { name: PlaceName; href: string; icon: IconName; isForOperators?: boolean }[] = [
  { name: "overview", href: "./", icon: "overview" },
  { name: "archives", href: "archives", icon: "archives" },
  { name: "restore", href: "restore", icon: "restore", isForOperators: true },
  { name: "runs", href: "runs", icon: "runs" },
  { name: "settings", href: "settings", icon: "settings", isForOperators: true },
];

type PlaceName = "overview" | "archives" | "restore" | "runs" | "settings";

/** The places of the page: beside it, or at the bottom of a narrow screen. */
export function Navigation() {
  const text = words.value.common;
  const [first = ""] = here.value.path.split("/");
  return (
    <nav class="nav" aria-label={text.mainNavigation}>
      {places
        .filter(({ isForOperators }) => isForOperators !== true || isOperator())
        .map(({ name, href, icon }) => {
          const isHere = (href === "./" ? "" : href) === first;
          return (
            <a key={name} href={href} aria-current={isHere ? "page" : undefined}>
              <Icon name={icon} size={20} />
              <span class={name === "restore" ? "nav-long" : undefined}>{text[name]}</span>
              {name === "restore" && <span class="nav-short">{text.restoreShort}</span>}
              {name === "runs" && running.value.length > 0 && (
                <span class="nav-count">
                  {running.value.length}
                  <span class="visually-hidden"> {text.states.running}</span>
                </span>
              )}
            </a>
          );
        })}
    </nav>
  );
}
