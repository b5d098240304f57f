import { createHash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { RunOwner } from "../run-owner.ts";

const pattern = /^\..+\.ngwbackup-(\d+)-(\d*)-([0-9a-f]*)-([0-9a-f]{8})-[0-9a-f]{8}\.part$/s;

/** Longest part of the final name that is kept, in bytes; a name may have 255. */
const longestStem = 150;

/** Process ids and boots mean nothing elsewhere, and a folder may be shared over the network or between containers. */
const hostTag = (): string => createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/**
 * The temporary name of a file or folder that is being written: hidden, beside the final one, naming the process that
 * writes it, so that a later run can tell whether that still lives.
 */
export function ownedTemporaryName(finalName: string, owner: RunOwner): string {
  const random = randomBytes(4).toString("hex");
  const boot = owner.bootId.replaceAll("-", "");
  // What is cut off the final name is not needed to recognise the temporary one.
  let stem = finalName;
  while (Buffer.byteLength(stem) > longestStem) stem = Array.from(stem).slice(0, -1).join("");
  return `.${stem}.ngwbackup-${owner.pid}-${owner.startTicks}-${boot}-${hostTag()}-${random}.part`;
}

/** The owner in a temporary's name, and whether it ran on this host; undefined for any other name. */
export function parseTemporaryName(name: string): { owner: RunOwner; isOurHost: boolean } | undefined {
  const [, pid, startTicks = "", boot = "", host] = pattern.exec(name) ?? [];
  if (pid === undefined) return undefined;
  const bootId = boot.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { owner: { pid: Number(pid), bootId, startTicks }, isOurHost: host === hostTag() };
}
