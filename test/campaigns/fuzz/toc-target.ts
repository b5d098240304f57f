import { DamagedError } from "../../../src/errors.ts";
import { stagePlan } from "../../../src/postgres/load/load-stages.ts";
import { planLoad } from "../../../src/postgres/load/load-order.ts";
import { schemaTasks } from "../../../src/postgres/load/schema-tasks.ts";
import { TocDecoder } from "../../../src/postgres/toc-decode.ts";
import { encodeToc } from "../../../src/postgres/toc-encode.ts";
import { encodeList } from "../../../src/postgres/toc-list.ts";
import type { Toc, TocEntry } from "../../../src/postgres/toc.ts";
import { chunked } from "../../fixtures/streams.ts";
import type { FuzzTarget } from "./target.ts";

/** pg_dump's table of contents, and the plan of a load that is made from it. */
export const tocTarget: FuzzTarget = {
  name: "toc",
  seeds: async () => [12, 14, 15, 16].map((minor) => encodeToc(sampleToc(minor))),
  async decode(input, feeding) {
    const decoder = new TocDecoder("fuzzed");
    let complete = false;
    for await (const chunk of chunked(input, feeding)) complete = decoder.push(chunk);
    if (!complete) throw decoder.truncated();
    const { toc } = decoder;
    const list = encodeList(toc).length;
    if (toc.format === 3) {
      const again = new TocDecoder("again");
      again.push(encodeToc(toc));
      if (JSON.stringify(again.toc) !== JSON.stringify(toc)) throw new Error("what was read is not what is written");
    }
    planAll(toc);
    return { toc, list };
  },
  mayThrow: (error) => error instanceof DamagedError,
  takesChunks: true,
};

/** Plans a load; every entry comes in exactly one place. */
function planAll(toc: Toc): void {
  let plan: ReturnType<typeof planLoad>;
  try {
    plan = planLoad(toc);
  } catch (error) {
    if (error instanceof DamagedError) return;
    throw error;
  }
  const { schema, tables, sequences, largeObjects, foreignKeys, rest } = stagePlan(plan.entries);
  schemaTasks(schema);
  const placed =
    schema.length +
    tables.reduce((sum, { rows, builds }) => sum + builds.length + (rows === undefined ? 0 : 1), 0) +
    sequences.length +
    largeObjects.length +
    foreignKeys.reduce((sum, { keys }) => sum + keys.length, 0) +
    rest.length;
  if (placed + plan.omitted.length !== toc.entries.length) {
    throw new Error(`${placed} entries planned and ${plan.omitted.length} left out of ${toc.entries.length}`);
  }
}

/** A small table of contents with an entry of each sort. @param minor version of the format */
export function sampleToc(minor: number): Toc {
  let dumpId = 0;
  const entry = (description: string, section: number, more: Partial<TocEntry> = {}): TocEntry => ({
    dumpId: (dumpId += 1),
    hadDumper: false,
    catalogTableOid: "1259",
    catalogOid: "16400",
    tag: "a table",
    description,
    section,
    definition: "SELECT 1;\n",
    dropStatement: "",
    copyStatement: null,
    namespace: "public",
    tablespace: "",
    tableAccessMethod: minor >= 14 ? "heap" : null,
    ...(minor >= 16 ? { relationKind: 114 } : {}),
    owner: "ngw",
    dependencies: [],
    fileName: null,
    ...more,
  });
  const copyStatement = 'COPY public."a table" (id, geom) FROM stdin;\n';
  const oids = "16401\n16402\n";
  return {
    version: { major: 1, minor, revision: 0 },
    intSize: 4,
    offsetSize: 8,
    format: 3,
    compression: 0,
    createdAt: { sec: 1, min: 2, hour: 3, mday: 4, mon: 5, year: 126, isdst: 0 },
    databaseName: "ngw",
    serverVersion: "15.20",
    dumpVersion: "15.20",
    entries: [
      entry("ENCODING", 2),
      entry("SCHEMA", 2, { namespace: null, tag: "vector_layer" }),
      entry("EXTENSION", 2, { namespace: null, tag: "postgis" }),
      entry("TABLE", 2),
      entry("SEQUENCE", 2, { tag: "a_seq", dependencies: [4] }),
      entry("DEFAULT", 2, { dependencies: [4, 5] }),
      entry("VIEW", 2, { tag: "a view", dependencies: [4] }),
      minor >= 16 ? entry("BLOB METADATA", 2, { definition: oids }) : entry("BLOB", 2, { tag: "16401" }),
      entry("TABLE DATA", 3, { definition: "", copyStatement, hadDumper: true, dependencies: [4], fileName: "9.dat" }),
      entry("BLOBS", 3, { hadDumper: true, fileName: "blobs.toc" }),
      entry("SEQUENCE SET", 3, { tag: "a_seq", dependencies: [5] }),
      entry("CONSTRAINT", 4, { tag: "a table a_pkey", dependencies: [4] }),
      entry("INDEX", 4, { tag: "an_index", dependencies: [4] }),
      entry("FK CONSTRAINT", 4, { tag: "a table a_fkey", dependencies: [4, 12] }),
      entry("TRIGGER", 4, { dependencies: [4, 7] }),
      entry("ACL", 1, { tag: "TABLE x" }),
    ],
  };
}
