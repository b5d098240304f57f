const prefix = "ngwbackup.";

/** What was remembered in this browser; undefined when nothing was, or it may not be. */
export function remembered(name: string): string | undefined {
  try {
    return localStorage.getItem(prefix + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Remembers something in this browser, where it may. */
export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // A browser that keeps nothing asks again the next time.
  }
}
