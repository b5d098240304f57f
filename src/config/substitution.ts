/** Text up to a bare `:` or `}`; a backslash takes the character after it along. */
const text = String.raw`((?:\\.|[^\\:}])*)`;
const reference = new RegExp(String.raw`\$\{([a-z][a-z0-9_]*)(?::${text}|\?${text}:${text})?\}`, "gi");

/**
 * Replaces references to the environment: `${VAR}`, `${VAR:default}`, `${VAR?when set:when unset}`. A backslash in the
 * texts takes the next character literally, and the chosen text is looked through again, so that references nest:
 * `${A:$\{B\}}`. An unset variable without a default stays as it is; a variable's own value is never looked through.
 */
export function substitute(value: string, env: Readonly<Record<string, string | undefined>>): string {
  return value.replace(
    reference,
    (whole: string, name: string, fallback?: string, whenSet?: string, whenUnset?: string) => {
      const found = Object.hasOwn(env, name) ? env[name] : undefined;
      if (whenSet !== undefined) return substitute(unescape((found === undefined ? whenUnset : whenSet) ?? ""), env);
      if (found !== undefined) return found;
      return fallback === undefined ? whole : substitute(unescape(fallback), env);
    },
  );
}

function unescape(escaped: string): string {
  return escaped.replaceAll(/\\(.)/g, "$1");
}
