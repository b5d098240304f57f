/** Lines of a unit. */
export function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

/** `%` begins a specifier in almost every setting. */
export function specifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A word of a setting, quoted where it has to be. */
export function quoted(text: string): string {
  const escaped = specifiers(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return /^[A-Za-z0-9_@:=,./+%-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** In a command line variables are replaced, too. */
export function argument(text: string): string {
  return quoted(text).replaceAll("$", "$$$$");
}
