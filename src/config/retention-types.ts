import { type CalendarSpan, parseSpan } from "../retention/span.ts";
import type { ValueType } from "./value-types.ts";

/** Longest tag, in characters. */
const longestTag = 100;

/** A span of the calendar, such as `14d` or `1y6m`; `m` are months, as in restic. */
export const spanType: ValueType<CalendarSpan> = {
  expected: "a span such as 14d, 6m (months) or 1y5m7d2h",
  parse: parseSpan,
};

/** Tags, joined by commas; each is text without control characters, and white space around it counts not. */
export const tagListType: ValueType<readonly string[]> = {
  expected: `tags of at most ${longestTag} characters, joined by commas`,
  parse(text) {
    const tags = text.split(",").map((tag) => tag.trim());
    const areSound = tags.every((tag) => tag !== "" && tag.length <= longestTag && !/\p{Cc}/u.test(tag));
    return areSound ? tags : undefined;
  },
};
