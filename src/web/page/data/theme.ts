import { effect, signal } from "@preact/signals";
import { remember, remembered } from "./remembered.ts";

/** How the page looks: as the system does, or always so. */
export const themes = ["system", "light", "dark"] as const;
/** One of {@link themes}. */
export type Theme = (typeof themes)[number];

/** The theme that was chosen. */
export const theme = signal<Theme>(themes.find((name) => name === remembered("theme")) ?? "system");

/** Shows the chosen theme and remembers it; call once, before anything is drawn. */
export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    remember("theme", theme.value);
  });
}
