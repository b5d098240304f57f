import type { NoticeEvent } from "./settings.ts";

/** A notification, before it is given the form of a channel. */
export interface Notice {
  event: NoticeEvent;
  /** One line. */
  title: string;
  /** Lines. */
  text: string;
  /** Values of placeholders beside `event`, `title` and `text`; what is not known is empty, or 0 for a number. */
  fields: NoticeFields;
}

/** What templates can name. */
export interface NoticeFields {
  command: string;
  state: string;
  exit_code: number;
  archive: string;
  size_bytes: number;
  losses: number;
  duration_seconds: number;
  error: string;
  host: string;
  database: string;
  run_id: number;
  started_at: string;
  version: string;
}

/** Nothing is known. */
export const blankFields: NoticeFields = {
  command: "",
  state: "",
  exit_code: 0,
  archive: "",
  size_bytes: 0,
  losses: 0,
  duration_seconds: 0,
  error: "",
  host: "",
  database: "",
  run_id: 0,
  started_at: "",
  version: "",
};

/** Names of all placeholders. */
export const placeholders: readonly string[] = ["event", "title", "text", ...Object.keys(blankFields)];

const placeholderPattern = /\{([a-z_]+)\}/g;

/** All values of a notice by the names of their placeholders. */
export function valuesOf({ event, title, text, fields }: Notice): Record<string, string | number> {
  return { event, title, text, ...fields };
}

/** What stands in a template as a placeholder and is none. */
export function unknownPlaceholders(template: string): string[] {
  return [...template.matchAll(placeholderPattern)]
    .map(([, name = ""]) => name)
    .filter((name) => !placeholders.includes(name));
}

/**
 * Puts a notice's values in the place of `{name}`.
 * @param escape makes a text fit for where it stands
 */
export function fillTemplate(template: string, notice: Notice, escape: (text: string) => string): string {
  const values = valuesOf(notice);
  return template.replaceAll(placeholderPattern, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : escape(String(value));
  });
}

/** A text as it stands within a JSON string. */
export function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
