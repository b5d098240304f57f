import { computed, signal } from "@preact/signals";
import { remembered, remember } from "../data/remembered.ts";
import { type Words, english } from "./english.ts";
import { Formats } from "./format.ts";

/** Languages that the page speaks, by their own names. */
export const languages = { en: "English", ru: "Русский" } as const;
/** One of {@link languages}. */
export type Language = keyof typeof languages;

const spoken = signal<{ language: Language; words: Words }>({ language: "en", words: english });

/** The language that is spoken now. */
export const language = computed(() => spoken.value.language);
/** What is said, in that language; read it in a component, and it changes with the language. */
export const words = computed(() => spoken.value.words);
/** Numbers and times in that language. */
export const formats = computed(() => new Formats(language.value));

/** Speaks a language, once its words are there, and remembers it. */
export async function speak(next: Language): Promise<void> {
  const found = next === "ru" ? (await import("./russian.ts")).russian : english;
  spoken.value = { language: next, words: found };
  document.documentElement.lang = next;
}

/** Speaks a language from now on, and after a reload. */
export function chooseLanguage(next: Language): void {
  remember("language", next);
  void speak(next);
}

/** What was chosen before, else what the browser prefers. */
export function preferredLanguage(): Language {
  const chosen = remembered("language");
  const wishes = [...(chosen === undefined ? [] : [chosen]), ...navigator.languages].map((tag) => tag.slice(0, 2));
  return wishes.find((tag): tag is Language => tag in languages) ?? "en";
}
