import { type Fields, InvalidValue } from "./json-checks.ts";

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** A moment of a manifest: RFC 3339, in UTC with `Z`. @throws InvalidValue */
export function momentOf(fields: Fields, key: string): string {
  const text = fields.matching(key, moment, "a UTC time as in RFC 3339");
  if (!Number.isNaN(Date.parse(text))) return text;
  throw new InvalidValue(`a time that exists as ${key}`, text);
}
