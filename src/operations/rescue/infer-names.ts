/** A blob that a row of the rescued database names, in the order in which archives list them. */
export interface NamedRow {
  component: string;
  uuid: string;
  /** Undefined where the row does not say. */
  sizeBytes: number | undefined;
}

/**
 * Finds the rows of records whose line of the index is gone: records come in the order of the rows, a few rows without a file
 * left out. Between two records whose rows are known and lie as far apart as the records do, there is but one answer; before
 * the first and behind the last of them as many rows are believed as agree in their sizes without a break.
 * @param sizes of records without a name, by number, in order
 * @param known places in `rows` of records that have one
 * @returns places in `rows` by number
 */
export function inferNames(
  sizes: ReadonlyMap<number, number>,
  known: ReadonlyMap<number, number>,
  rows: readonly NamedRow[],
): Map<number, number> {
  const found = new Map<number, number>();
  const knownIds = [...known.keys()].toSorted((a, b) => a - b);
  const shiftOf = (id: number | undefined): number | undefined =>
    id === undefined ? undefined : (known.get(id) ?? 0) - id;
  const broken = new Set<string>();
  let next = 0;
  for (const [id, sizeBytes] of sizes) {
    while (next < knownIds.length && (knownIds[next] ?? 0) < id) next += 1;
    const before = shiftOf(knownIds[next - 1]) ?? -1;
    const after = shiftOf(knownIds[next]);
    const stretch = `${knownIds[next - 1]}-${knownIds[next]}`;
    if (after !== undefined && after !== before) continue;
    const place = id + before;
    if (broken.has(stretch)) continue;
    if (rows[place]?.sizeBytes === sizeBytes) found.set(id, place);
    else broken.add(stretch);
  }
  return found;
}
