import type { Finding } from "../finding.ts";
import { printable } from "../terminal/printable.ts";

/** Findings for people, a line each: `ok`, `warn` or `fail`, the message, and the remedy under it. Ends with a line end. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ level, message, details = [], hint }) => [
      `${level.padEnd(4)}  ${printable(message)}`,
      ...details.map((line) => `        ${printable(line)}`),
      ...(hint === undefined || level === "ok" ? [] : hint.split("\n").map((line) => `      hint: ${printable(line)}`)),
    ])
    .map((line) => `${line}\n`)
    .join("");
}
