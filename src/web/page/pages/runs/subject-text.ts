import { words } from "../../text/language.ts";

/** What a run worked on, in short: an archive's name, or how many; undefined when it is not known. */
export function subjectText(subjects: readonly string[]): string | undefined {
  const [first] = subjects;
  if (subjects.length > 1) return words.value.runs.subjects(subjects.length);
  return first?.split("/").findLast((part) => part !== "") ?? first;
}
