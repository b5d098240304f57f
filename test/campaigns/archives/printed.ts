import { mustHold } from "../campaign.ts";

/** Control characters but for line ends and tabs, line and paragraph separators, and all that turns the direction of writing. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Holds a text to be fit for a terminal. @param what it is, for the message */
export function mustBePrintable(text: string, what: string): void {
  const found = unprintable.exec(text);
  if (found === null) return;
  const around = text.slice(Math.max(0, found.index - 60), found.index + 60);
  mustHold(false, `${what} holds no control and no bidirectional characters`, JSON.stringify(around));
}

/**
 * Where a finding is: the entry, the offset, or both; or, of what stands in the place of an archive that another refers to, that
 * it is not the one.
 */
const places: readonly RegExp[] = [
  /\bentry \S|at offset \d|at byte \d/,
  /^bad \S+: (?:and )?\d+ more|more findings/,
  /: not an archive: /,
  /refers to another archive than \S+: expected /,
];

/** Holds each line of a finding to say where it is. */
export function mustSayWhere(stdout: string): void {
  for (const line of stdout.trimEnd().split("\n")) {
    const says = places.some((place) => place.test(line));
    mustHold(says, "a finding names the entry or the offset", line);
  }
}
