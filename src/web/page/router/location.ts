import { signal } from "@preact/signals";

/** Where the page is. */
export interface Here {
  /** Below the page's base, without a slash at either end: `archives/abc`; empty for the overview. */
  path: string;
  query: URLSearchParams;
}

/** Where the page is now. */
export const here = signal<Here>({ path: "", query: new URLSearchParams() });

let isFocusWanted = false;

/** Whether a heading that appears should take the focus, because somebody came to it. True once. */
export function takeFocus(): boolean {
  const wanted = isFocusWanted;
  isFocusWanted = false;
  return wanted;
}

/**
 * Goes to another place of the page.
 * @param href below the page's base: `runs/4`
 * @param how `replace` leaves no way back to where we are
 */
export function go(href: string, how: "push" | "replace" = "push"): void {
  const url = new URL(href, document.baseURI);
  if (how === "replace") history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  const before = here.peek().path;
  here.value = read(url);
  if (here.peek().path !== before) {
    isFocusWanted = true;
    window.scrollTo({ top: 0, behavior: "instant" });
  }
}

/** Changes the query of where we are; an empty value takes a key out. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const { path, query } = here.peek();
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === "") next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  go(`${path === "" ? "./" : path}${text === "" ? "" : `?${text}`}`, "replace");
}

/** Follows links and the browser's way back; call once. */
export function followLocation(): void {
  here.value = read(new URL(location.href));
  window.addEventListener("popstate", () => {
    isFocusWanted = true;
    here.value = read(new URL(location.href));
  });
  document.addEventListener("click", (event) => {
    const href = linkOf(event);
    if (href === undefined) return;
    event.preventDefault();
    go(href);
  });
}

function read(url: URL): Here {
  const base = new URL(document.baseURI).pathname;
  const path = url.pathname.startsWith(base) ? url.pathname.slice(base.length) : "";
  return { path: path.replace(/^\/+|\/+$/g, ""), query: url.searchParams };
}

/** The link of ours that was clicked; what the browser does by itself (new tabs, downloads) stays its own. */
function linkOf(event: MouseEvent): string | undefined {
  if (event.defaultPrevented || event.button !== 0) return undefined;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return undefined;
  const link = event.composedPath().find((target) => target instanceof HTMLAnchorElement);
  if (link === undefined || link.target !== "" || link.hasAttribute("download")) return undefined;
  const base = new URL(document.baseURI);
  const isOurs = link.origin === base.origin && link.pathname.startsWith(base.pathname);
  return isOurs && !link.pathname.startsWith(`${base.pathname}api/`) ? link.href : undefined;
}
