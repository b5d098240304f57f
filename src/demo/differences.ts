import type { DatabaseFingerprint, Fingerprint } from "./fingerprint.ts";

/**
 * What two fingerprints disagree about, a line each for people; empty when they are equal. Parts that the expected one
 * does not have (files, for a fingerprint of the database alone) are not compared.
 */
export function differences(
  expected: DatabaseFingerprint | Fingerprint,
  found: DatabaseFingerprint | Fingerprint,
): string[] {
  const lines = [
    ...compareParts("table", expected.tables, found.tables, (value) => `${value.rows} rows, md5 ${value.md5}`),
    ...compareParts("sequence", expected.sequences, found.sequences, (value) => `last value ${value ?? "none"}`),
    ...compareParts("list of", expected.objects, found.objects, (value) => `${value.count} lines, md5 ${value.md5}`),
  ];
  if ("blobs" in expected) {
    const blobs = "blobs" in found ? found.blobs : {};
    const fonts = "fonts" in found ? found.fonts : {};
    lines.push(
      ...compareParts("blob", expected.blobs, blobs, (value) => `${value.size} bytes, sha256 ${value.sha256}`),
      ...compareParts("font", expected.fonts, fonts, (value) => `sha256 ${value}`),
    );
  }
  return lines;
}

function compareParts<Value>(
  kind: string,
  expected: Readonly<Record<string, Value>>,
  found: Readonly<Record<string, Value>>,
  describe: (value: Value) => string,
): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].toSorted();
  return names.flatMap((name) => {
    const before = name in expected ? describe(expected[name] as Value) : undefined;
    const after = name in found ? describe(found[name] as Value) : undefined;
    if (before === after) return [];
    return [`${kind} ${name}: expected ${before ?? "nothing"}, found ${after ?? "nothing"}`];
  });
}

const emptyTable = { rows: 0, md5: "d41d8cd98f00b204e9800998ecf8427e" };

/** The fingerprint of an instance as a restore gives it back: tables of sessions, tokens and cached tiles are empty. */
export function afterRestore<T extends DatabaseFingerprint>(fingerprint: T): T {
  const tables = Object.entries(fingerprint.tables).map(([name, table]) => {
    const isLeftOut = /^(public\.(auth_oauth_.*token|pyramid_session(_store)?)|tile_cache\..*)$/.test(name);
    return [name, isLeftOut ? emptyTable : table] as const;
  });
  return { ...fingerprint, tables: Object.fromEntries(tables) };
}
