const mostTags = 20;
const mostLetters = 100;

/** Tags out of what was typed, by spaces; undefined when they are not ones. */
export function tagsIn(typed: string): string[] | undefined {
  const tags = [...new Set(typed.split(/\s+/).filter((tag) => tag !== ""))];
  const areTags = tags.length <= mostTags && tags.every((tag) => tag.length <= mostLetters && !tag.includes(","));
  return areTags ? tags : undefined;
}
