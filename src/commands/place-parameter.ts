import { text } from "./flag-values.ts";

/** WHERE of commands that look at a place for archives. */
export const placeParameter = {
  parse: text,
  optional: true,
  placeholder: "WHERE",
  brief: "A folder or a store's URL; place or backup.path of the configuration when left out",
} as const;
