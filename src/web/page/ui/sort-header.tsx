import { Icon } from "./icon.tsx";

/** The head of a column that the table can be sorted by. */
export function SortHeader({
  text,
  sorted,
  isNumber,
  onSort,
}: {
  text: string;
  /** How the table is sorted by it; undefined: by another one. */
  sorted: "ascending" | "descending" | undefined;
  isNumber: boolean;
  onSort: () => void;
}) {
  return (
    <th scope="col" class={isNumber ? "number" : undefined} aria-sort={sorted ?? "none"}>
      <button type="button" class="sort" onClick={onSort}>
        {text}
        {sorted !== undefined && <Icon name={sorted === "ascending" ? "up" : "down"} size={14} />}
      </button>
    </th>
  );
}
