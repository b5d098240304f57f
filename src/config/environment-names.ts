const optionVariable = /^nextgisweb_{1,2}([a-z][a-z0-9_]*?)((?:__[a-z0-9][a-z0-9_]*?)+)$/;

/**
 * The option that an environment variable sets: `NEXTGISWEB__SECTION__KEY` or `NEXTGISWEB_SECTION__KEY`, in any case,
 * where a further `__` is a dot.
 * @returns `section.key` in lower case, or undefined when the variable sets no option
 */
export function optionOfVariable(name: string): string | undefined {
  const match = optionVariable.exec(name.toLowerCase());
  if (match === null) return undefined;
  return [match[1]!, ...match[2]!.slice(2).split("__")].join(".");
}
