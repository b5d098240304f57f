import { signal } from "@preact/signals";

/** Now, milliseconds since 1970, a few times a minute: ages that are shown follow it. */
export const now = signal(Date.now());

/** Now, as all ages on the page count it, so that none differs from another. Read in a component, it follows the clock. */
export function present(): number {
  return Math.max(now.value, Date.now());
}

/** Keeps the clock going; call once. */
export function followClock(): void {
  window.setInterval(() => {
    now.value = Date.now();
  }, 15_000);
}
