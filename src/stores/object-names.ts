import { UsageError } from "../errors.ts";

/**
 * Holds a name to be one that every store takes, and that stays below the store's root.
 * @throws UsageError object-name
 */
export function checkObjectName(name: string): void {
  const parts = name.split("/");
  const isSound =
    name.length > 0 && parts.every((part) => part !== "" && part !== "." && part !== ".." && !/[\p{Cc}\\]/u.test(part));
  if (isSound) return;
  throw new UsageError("object-name", `${JSON.stringify(name)} cannot name an archive`, {
    hints: ["use letters, digits, dots, dashes and underscores"],
  });
}
