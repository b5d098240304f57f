import { UsageError } from "../errors.ts";
import { strftime } from "./strftime.ts";
import type { ValueType } from "./value-types.ts";

/** Longest name of a file or folder on the usual file systems, in bytes. */
const maxNameBytes = 255;

/**
 * The name of an archive by `backup.filename`: a path under the backup folder, in UTC. A `/` in it makes sub-folders.
 * @param pattern Python's strftime directives, see {@link strftime}
 * @throws UsageError when the result would not be a file under the folder
 */
export function backupFileName(pattern: string, date: Date): string {
  const name = strftime(pattern, date);
  const problem = nameProblem(name);
  if (problem !== undefined) {
    throw new UsageError(
      "backup-filename",
      `backup.filename ${JSON.stringify(pattern)} gives ${JSON.stringify(name)}, ${problem}`,
      { hints: ["expected a file name such as %Y%m%d-%H%M%S.ngwbackup, in UTC; a / in it makes sub-folders"] },
    );
  }
  return name;
}

/** A pattern that {@link backupFileName} takes. */
export const fileNameType: ValueType<string> = {
  expected: "a pattern of strftime for a file name, such as %Y%m%d-%H%M%S.ngwbackup",
  parse: (text) => (nameProblem(strftime(text, new Date(0))) === undefined ? text : undefined),
};

function nameProblem(name: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(name)) return "which holds control characters";
  if (name.startsWith("/")) return "which is absolute: folders belong into backup.path";
  for (const part of name.split("/")) {
    if (part === "") return "which has an empty part";
    if (part === "." || part === "..") return `which has a part ${part}`;
    if (Buffer.byteLength(part) > maxNameBytes) return `which has a part of more than ${maxNameBytes} bytes`;
  }
  return undefined;
}
