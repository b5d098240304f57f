import { text } from "./flag-values.ts";

/** WHERE of commands that look at a place for archives. */
export const placeParameter = {
  parse: text,
  optional: true,
  placeholder: "WHERE",
  brief: "A folder or a store's URL; backup.path when left out",
} as const;
