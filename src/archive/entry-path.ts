/** Longest name of an entry in bytes: what Linux takes for a path. */
const longestName = 4096;

/** Names that nothing can be wrong with but their length: all of ours. No part of them begins with a dot. */
const harmlessName = /^[a-z0-9_$][a-z0-9_.$-]*(?:\/[a-z0-9_$][a-z0-9_.$-]*)*\/?$/;

/**
 * Says why a name must not be an entry's: it could leave the folder that it is extracted to, mean another thing on
 * another system, or deceive who reads it.
 * @param name a directory's ends in a slash
 * @returns undefined for a good name
 */
export function entryNameProblem(name: string): string | undefined {
  if (name.length <= longestName && harmlessName.test(name)) return undefined;
  const path = name.endsWith("/") ? name.slice(0, -1) : name;
  if (path === "") return "an empty name";
  if (Buffer.byteLength(name) > longestName) return `a name longer than ${longestName} bytes`;
  if (/[\p{Cc}\u2028\u2029]/u.test(name)) return "a control character in the name";
  if (/\p{Bidi_Control}/u.test(name)) return "a character that turns the direction of writing in the name";
  if (/\p{Cs}|\uFFFD/u.test(name)) return "a name that is no UTF-8";
  if (name.includes("\\")) return "a backslash in the name";
  if (name.startsWith("/")) return "an absolute name";
  if (/^[A-Za-z]:/.test(name)) return "a drive letter in the name";
  for (const segment of path.split("/")) {
    if (segment === "") return "an empty part in the name";
    if (segment === "." || segment === "..") return `a part ${segment} in the name`;
  }
  return undefined;
}

/**
 * For writers: a bad name is a defect of the caller.
 * @throws Error
 */
export function checkEntryName(name: string, isDirectory: boolean): void {
  const problem = entryNameProblem(name);
  if (problem !== undefined) throw new Error(`entry ${name}: ${problem}`);
  if (name.endsWith("/") !== isDirectory) throw new Error(`entry ${name}: a slash at the end marks directories only`);
}

/** Names that need no folding: most of ours. */
const plainName = /^[a-z0-9_./$-]*$/;

/**
 * Recognises names that are the same, or would be on a file system that ignores case or Unicode form. Cheap for many
 * plain names, which it keeps only in the caller's own map.
 * @param known the names taken so far, added by the caller after each good one
 */
export function createNameRegister(known: { has(name: string): boolean }): { isTaken(name: string): boolean } {
  const folded = new Set<string>();
  const has = (path: string): boolean => known.has(path) || known.has(`${path}/`) || folded.has(path);
  return {
    isTaken(name) {
      const path = name.endsWith("/") ? name.slice(0, -1) : name;
      if (plainName.test(path)) return has(path);
      const fold = path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
      if (has(path) || has(fold)) return true;
      folded.add(fold);
      return false;
    },
  };
}
