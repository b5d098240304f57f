import { createHash } from "node:crypto";

/** Longest name of a file, in bytes, less what a temporary one has beside it. */
const longestBytes = 150;
const ending = ".copy";

/**
 * Name of the file that a table's rows are written into. What is neither letter nor digit nor `_`, `-` or a dot on its own is
 * percent-encoded, so that no name leaves the folder or hides in it; of one that is too long a digest stands for the rest.
 * @param table `SCHEMA.NAME`, from an archive
 */
export function tableFileName(table: string): string {
  const safe = table === "" ? "%" : table.replaceAll(/[^\p{L}\p{N}_.-]|^[.-]/gu, encode);
  if (Buffer.byteLength(safe) <= longestBytes) return safe + ending;
  let start = safe;
  while (Buffer.byteLength(start) > longestBytes - 40) start = Array.from(start).slice(0, -1).join("");
  // A percent sign is nowhere else followed by one.
  return `${start}%%${createHash("sha256").update(table).digest("hex").slice(0, 32)}${ending}`;
}

function encode(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
