import { printable } from "./printable.ts";

/** A column of a table. */
export interface Column {
  title: string;
  /** Numbers and sizes stand right. */
  align?: "left" | "right";
}

/** A table for people: a line of titles, then a line a row, columns two spaces apart. Ends with a line end. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map((column) => column.title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => [...(row[index] ?? "")].length)));
  return cells
    .map((row) => {
      const line = columns.map((column, index) => {
        const text = row[index] ?? "";
        const padding = " ".repeat((widths[index] ?? 0) - [...text].length);
        return column.align === "right" ? padding + text : text + padding;
      });
      return `${line.join("  ").trimEnd()}\n`;
    })
    .join("");
}
