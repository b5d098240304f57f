import { signal } from "@preact/signals";

/** Whether the server answers; `lost` shows a banner. */
export const connection = signal<"open" | "lost">("open");

/** When the next attempt is made, milliseconds since 1970. */
export const retryAt = signal<number | undefined>(undefined);

const retries = new Set<() => void>();

/** Calls back when somebody wants to try again at once. @returns stops that */
export function onRetry(callback: () => void): () => void {
  retries.add(callback);
  return () => retries.delete(callback);
}

/** Tries again now what waits for the server. */
export function retryNow(): void {
  for (const retry of retries) retry();
}
