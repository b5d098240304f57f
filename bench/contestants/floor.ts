import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Contestant, Pipeline, Place, Step } from "./contestant.ts";
import { missingPrograms, postgresProgram, scriptProgram } from "./instance-steps.ts";
import { splitPostData } from "./post-data.ts";

const run = promisify(execFile);

/** Larger tables are read by ranges of pages, so that one table keeps every core busy. */
const pieceBytes = 64 * 1024 * 1024;
/** Smaller ones go together through one pipeline for each core. */
const smallBytes = 4 * 1024 * 1024;

/** One COPY to a file of its own. */
interface Piece {
  name: string;
  sizeBytes: number;
  select: string;
  path: string;
}

/**
 * What cannot be done faster with PostgreSQL's own programs and zstd: rows alone by COPY on every core, every file read
 * once; back: the same rows by COPY on every core, the same indexes and constraints by psql.
 */
export const floor: Contestant = {
  name: "floor",
  about: "COPY of all tables in parallel, each through zstd -1, beside reading every file; back: COPY, then indexes",
  missing: () => missingPrograms("zstd", "find", "xargs", "cat"),
  async backup(place) {
    const lanes = await planLanes(place);
    await writeFile(join(place.folder, "lanes.json"), JSON.stringify(lanes));
    await writeSection(place, "pre-data");
    await writeSection(place, "post-data");
    return {
      together: [
        ...lanes.map(({ pieces, smallSql, smallPath }) => ({
          sequence: [
            ...pieces.map((piece) => copyOut(place, piece)),
            {
              programs: [psql(place, ["-f", smallSql]), { argv: ["zstd", "-1", "-q", "-c"] }],
              outputPath: smallPath,
            },
          ],
        })),
        {
          programs: [
            { argv: ["find", place.instance.fileStoragePath, "-type", "f", "-print0"] },
            { argv: ["xargs", "-0", "-r", "-n", "500", "cat"] },
          ],
          outputPath: "/dev/null",
        },
      ],
    };
  },
  async restore(place) {
    const drop = scriptProgram(place, "drop", []);
    const env = { ...process.env, ...place.libpqEnv };
    await run(drop.argv[0]!, drop.argv.slice(1), { env });
    const lanes = JSON.parse(await readFile(join(place.folder, "lanes.json"), "utf8")) as Lane[];
    const sizes = new Map(place.tables.map(({ name, sizeBytes }) => [name.replaceAll('"', ""), sizeBytes]));
    const post = splitPostData(await readFile(sectionPath(place, "post-data"), "utf8"), sizes, place.jobs);
    const script = async (name: string, sql: string): Promise<Pipeline> => {
      const path = join(place.folder, name);
      await writeFile(path, sql);
      return { programs: [psql(place, ["-f", path])], outputPath: "/dev/null" };
    };
    const builds = await Promise.all(post.lanes.map((sql, lane) => script(`build-${lane}.sql`, sql)));
    const last = await script("last.sql", post.last);
    const preData: Step = { programs: [psql(place, ["-f", sectionPath(place, "pre-data")])], outputPath: "/dev/null" };
    return {
      sequence: [
        preData,
        {
          together: lanes.map(({ pieces, smallPath }) => ({
            sequence: [
              ...pieces.map((piece) => copyIn(place, piece)),
              { programs: [{ argv: ["zstd", "-dqc"] }, psql(place, [])], inputPath: smallPath },
            ],
          })),
        },
        { together: builds },
        last,
      ],
    };
  },
};

/** What one core does. */
interface Lane {
  pieces: Piece[];
  /** Script that writes the small tables as pg_dump's plain format has them. */
  smallSql: string;
  smallPath: string;
}

function psql(
  place: Place,
  args: readonly string[],
): { argv: readonly string[]; env?: Readonly<Record<string, string>> } {
  return postgresProgram(place, "psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", ...args]);
}

function copyOut(place: Place, { select, path }: Piece): Pipeline {
  return {
    programs: [psql(place, ["-c", `COPY (${select}) TO STDOUT`]), { argv: ["zstd", "-1", "-q", "-c"] }],
    outputPath: path,
  };
}

function copyIn(place: Place, { name, path }: Piece): Pipeline {
  return {
    programs: [{ argv: ["zstd", "-dqc"] }, psql(place, ["-c", `COPY ${name} FROM STDIN`])],
    inputPath: path,
  };
}

/** Deals the work out, largest first, to the core that has least. */
async function planLanes(place: Place): Promise<Lane[]> {
  const rows = join(place.folder, "rows");
  await mkdir(rows);
  const pieces = place.tables.filter(isSaved).flatMap((table, index): Piece[] => {
    if (table.sizeBytes < smallBytes) return [];
    const count = Math.ceil(table.sizeBytes / pieceBytes);
    const pages = Math.ceil(table.sizeBytes / 8192);
    return Array.from({ length: count }, (_, part) => {
      const from = Math.floor((pages * part) / count);
      const upTo = part === count - 1 ? "" : ` AND ctid < '(${Math.floor((pages * (part + 1)) / count)},0)'`;
      const select = `SELECT * FROM ${table.name} WHERE ctid >= '(${from},0)'${upTo}`;
      return { name: table.name, sizeBytes: table.sizeBytes / count, select, path: join(rows, `${index}-${part}.zst`) };
    });
  });
  const small = place.tables.filter((table) => isSaved(table) && table.sizeBytes < smallBytes);
  const lanes = Array.from({ length: place.jobs }, (_, lane) => ({
    pieces: [] as Piece[],
    sizeBytes: 0,
    smallSql: join(place.folder, `small-${lane}.sql`),
    smallPath: join(rows, `small-${lane}.zst`),
  }));
  for (const piece of pieces.toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
    const lane = lanes.reduce((least, other) => (other.sizeBytes < least.sizeBytes ? other : least));
    lane.pieces.push(piece);
    lane.sizeBytes += piece.sizeBytes;
  }
  for (const [number, lane] of lanes.entries()) {
    const sql = small
      .filter((_, index) => index % lanes.length === number)
      .map(({ name }) => `\\echo COPY ${name} FROM stdin;\nCOPY ${name} TO STDOUT;\n\\echo '\\\\.'\n`);
    await writeFile(lane.smallSql, sql.join(""));
  }
  return lanes;
}

/** Tables of extensions keep their rows in the target. */
function isSaved({ name }: Place["tables"][number]): boolean {
  return !name.endsWith('"spatial_ref_sys"');
}

function sectionPath({ folder }: Place, section: string): string {
  return join(folder, `${section}.sql`);
}

/** The definitions as pg_dump has them, without what the target has already. */
async function writeSection(place: Place, section: "pre-data" | "post-data"): Promise<void> {
  const options = ["--no-owner", "--no-privileges", "--no-comments", `--section=${section}`];
  const [program, ...args] = postgresProgram(place, "pg_dump", options).argv;
  const env = { ...process.env, ...place.libpqEnv };
  const { stdout } = await run(program!, args, { env, maxBuffer: 1 << 30 });
  await writeFile(
    sectionPath(place, section),
    stdout.replaceAll(/^CREATE (EXTENSION|SCHEMA public)\b.*$/gm, "").replaceAll(/^\\(un)?restrict .*$/gm, ""),
  );
}
