import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Fingerprint, fingerprintInstance } from "../../../src/demo/fingerprint.ts";
import { type Client, connect } from "../../../src/postgres/connection.ts";
import { copyOut } from "../../../src/postgres/copy-out.ts";
import { quoteIdentifier } from "../../../src/postgres/quoting.ts";
import type { Loss } from "../../../src/operations/rescue/loss.ts";
import type { CliResult } from "../../fixtures/run-cli.ts";
import type { TestInstance } from "../../fixtures/test-instance.ts";
import type { SoundArchive } from "./sound-archive.ts";

/** What a rescue said at its end, by `--json`. */
export interface RescueSummary {
  database: string | null;
  folder: string;
  files: number;
  unnamedFiles: number;
  rows: number;
  tables: number;
  losses: number;
  damages: string[];
}

/** Reads the lines that `restore --rescue --json` printed. */
export function readRescue(result: CliResult): { summary: RescueSummary; losses: Loss[] } {
  const lines = result.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const summary = lines.at(-1);
  if (summary?.["type"] !== "summary") throw new Error(`no summary: ${result.stdout}${result.stderr}`);
  const losses = lines.flatMap((line) => (line["code"] === "loss" ? [line["loss"] as Loss] : []));
  return { summary: summary as unknown as RescueSummary, losses };
}

/** The rows that must be there: those of the archive but for the ranges that are named lost. */
function expectedRows(rows: readonly string[], losses: readonly Loss[]): string[] {
  return rows.filter(
    (_row, index) =>
      !losses.some(
        ({ rows: range }) => range !== undefined && index + 1 >= range.from && index + 1 <= (range.to ?? Infinity),
      ),
  );
}

async function readRows(client: Client, table: string): Promise<string[] | undefined> {
  const [schema = "", ...name] = table.split(".");
  const quoted = `${quoteIdentifier(schema)}.${quoteIdentifier(name.join("."))}`;
  const { rows } = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [quoted]);
  if (rows[0]?.there !== true) return undefined;
  const blocks: Buffer[] = [];
  await copyOut(client, `copy ${quoted} to stdout`, {
    blockBytes: 4 * 1024 * 1024,
    onBlock: (block) => void blocks.push(Buffer.from(block)),
  });
  return Buffer.concat(blocks).toString("latin1").split("\n").slice(0, -1);
}

/**
 * Everything in the rescued copy is equal to the original, and everything that is not there is named, to the row. Rows that
 * are named as not proven may differ, and nothing else may.
 * @param state of the instance that the archive was made of
 */
export async function checkRescue(
  instance: TestInstance,
  sound: SoundArchive,
  state: Fingerprint,
  { summary, losses }: { summary: RescueSummary; losses: Loss[] },
): Promise<void> {
  const { database, folder } = summary;
  expect(summary.losses).toBe(losses.length);
  const listed = existsSync(join(folder, "losses.jsonl")) ? readFileSync(join(folder, "losses.jsonl"), "utf8") : "";
  expect(listed.split("\n").filter((line) => line !== "")).toHaveLength(losses.length);
  if (database === null) expect(losses.map(({ kind }) => kind)).toContain("definitions");
  else await checkDatabase(instance, sound, state, database, losses);
  const found = await fingerprintInstance(
    { ...instance.database.admin, database: database ?? "postgres" },
    join(folder, "file_storage"),
    join(folder, "core", "fontconfig"),
  );
  checkFiles(state, found, losses);
}

async function checkDatabase(
  instance: TestInstance,
  sound: SoundArchive,
  state: Fingerprint,
  database: string,
  losses: readonly Loss[],
): Promise<void> {
  const client = await connect({ ...instance.database.admin, database }, { clientEncoding: "UTF8" });
  try {
    await checkTables(client, sound, losses);
  } finally {
    await client.end();
  }
  const found = await fingerprintInstance({ ...instance.database.admin, database }, "/nonexistent", undefined);
  const refused = losses.filter(({ kind }) => kind === "definition");
  for (const kind of ["indexes", "constraints", "triggers", "functions"]) {
    const missing = (state.objects[kind]?.count ?? 0) - (found.objects[kind]?.count ?? 0);
    if (refused.length === 0) expect({ kind, ...found.objects[kind] }).toEqual({ kind, ...state.objects[kind] });
    else expect(missing).toBeLessThanOrEqual(refused.length);
  }
  expect(found.sequences).toEqual(state.sequences);
}

async function checkTables(client: Client, sound: SoundArchive, losses: readonly Loss[]): Promise<void> {
  for (const [table, rows] of sound.tables) {
    // Brought in step with the application's own table afterwards.
    if (table.endsWith(".spatial_ref_sys")) continue;
    const of = losses.filter(({ what }) => what === table);
    const wanted = expectedRows(
      rows,
      of.filter(({ kind }) => kind === "rows"),
    ).toSorted();
    const found = (await readRows(client, table))?.toSorted() ?? [];
    const unproven = of.some(({ kind }) => kind === "unproven-rows");
    // Thousands of rows are compared as one text, and one by one only when they differ.
    if (!unproven && found.join("\n") !== wanted.join("\n"))
      expect({ table, rows: found }).toEqual({ table, rows: wanted });
    // All but a few rows around the damage are right all the same.
    if (unproven) expect(found.length).toBeGreaterThan(0);
  }
}

function checkFiles(state: Fingerprint, found: Fingerprint, losses: readonly Loss[]): void {
  const lost = new Set(losses.flatMap(({ kind, what }) => (kind === "blob" || kind === "font" ? [what] : [])));
  const nameless = losses.some(({ kind, what }) => kind === "blob" && what.startsWith("record "));
  const isUnknown = losses.some(({ kind }) => kind === "unknown" || kind === "definitions");
  for (const [path, blob] of Object.entries(state.blobs)) {
    const [component = "", , , uuid = ""] = path.split("/");
    const there = found.blobs[path];
    if (there === undefined) {
      const isNamed = lost.has(`${component}/${uuid}`) || losses.some(({ kind }) => kind === "name");
      expect({ path, isNamed: isNamed || nameless || isUnknown }).toEqual({ path, isNamed: true });
    } else expect({ path, ...there }).toEqual({ path, ...blob });
  }
  for (const path of Object.keys(found.blobs)) expect(Object.keys(state.blobs)).toContain(path);
  for (const [name, sha256] of Object.entries(state.fonts)) {
    const isNamed = lost.has(name) || isUnknown || losses.some(({ kind }) => kind === "name");
    if (found.fonts[name] === undefined) expect({ name, isNamed }).toEqual({ name, isNamed: true });
    else expect(found.fonts[name]).toBe(sha256);
  }
}
