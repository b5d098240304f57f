import { signal } from "@preact/signals";

const said = signal("");

/** Has screen readers read something out when they come to it. */
export function announce(text: string): void {
  // The same text again would not be read.
  said.value = said.peek() === text ? `${text} ` : text;
}

/** Where announcements stand; once in the page. */
export function Announcer() {
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {said.value}
    </div>
  );
}
