import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkCopyStatement } from "../../../src/postgres/load/copy-statement.ts";
import { largeObjectSql } from "../../../src/postgres/load/large-object-entries.ts";
import { batchEntries, lockCost, locksPerTransaction } from "../../../src/postgres/load/load-batches.ts";
import { nameOf, planLoad } from "../../../src/postgres/load/load-order.ts";
import { textsOf } from "../../../src/postgres/load/load-session.ts";
import { stagePlan } from "../../../src/postgres/load/load-stages.ts";
import { splitSchema } from "../../../src/postgres/load/schema-groups.ts";
import { splitKey } from "../../../src/postgres/load/primary-key-parts.ts";
import type { Toc, TocEntry } from "../../../src/postgres/toc.ts";

function entry(dumpId: number, description: string, tag: string, more: Partial<TocEntry> = {}): TocEntry {
  return {
    dumpId,
    hadDumper: false,
    catalogTableOid: "0",
    catalogOid: "0",
    tag,
    description,
    section: 2,
    definition: `-- ${tag}\n`,
    dropStatement: null,
    copyStatement: null,
    namespace: "public",
    tablespace: null,
    tableAccessMethod: null,
    owner: null,
    dependencies: [],
    fileName: null,
    ...more,
  };
}

function toc(entries: TocEntry[]): Toc {
  return {
    version: { major: 1, minor: 14, revision: 0 },
    intSize: 4,
    offsetSize: 8,
    format: 3,
    compression: 0,
    createdAt: { sec: 0, min: 0, hour: 0, mday: 0, mon: 0, year: 0, isdst: 0 },
    databaseName: null,
    serverVersion: null,
    dumpVersion: null,
    entries,
  };
}

const labels = (plans: readonly { entry: TocEntry }[]): string[] =>
  plans.map((one) => `${one.entry.description} ${one.entry.tag}`);

test("takes descriptions that are names in every object for what they are", () => {
  const given = ["constructor", "__proto__", "toString"].map((description, index) =>
    entry(index + 1, description, "x"),
  );
  const { entries } = planLoad(toc(given));
  expect(entries.map((planned) => planned.class)).toEqual(["pre-data", "pre-data", "pre-data"]);
  expect(stagePlan(entries).schema).toHaveLength(3);
});

test("leaves out the session, the database itself, extensions, schema public, and privileges", () => {
  const given = [
    entry(1, "ENCODING", "ENCODING"),
    entry(2, "STDSTRINGS", "STDSTRINGS"),
    entry(3, "SEARCHPATH", "SEARCHPATH"),
    entry(4, "DATABASE", "ngw"),
    entry(5, "DATABASE PROPERTIES", "ngw"),
    entry(6, "COMMENT", "DATABASE ngw"),
    entry(7, "SCHEMA", "public", { namespace: null }),
    entry(8, "COMMENT", "SCHEMA public"),
    entry(9, "ACL", "SCHEMA public"),
    entry(10, "EXTENSION", "postgis"),
    entry(11, "COMMENT", "EXTENSION postgis"),
    entry(12, "SCHEMA", "vector_layer", { namespace: null }),
    entry(13, "ACL", "TABLE resource"),
    entry(14, "COMMENT", "TABLE resource", { section: 1 }),
    entry(15, "SUBSCRIPTION", "s"),
    entry(16, "COMMENT", "SUBSCRIPTION s"),
  ];
  const plan = planLoad(toc(given));
  expect(labels(plan.entries)).toEqual(["SCHEMA vector_layer", "COMMENT TABLE resource"]);
  expect(plan.extensions).toEqual(["postgis"]);
  expect(plan.omitted).toHaveLength(14);
  expect(labels(planLoad(toc(given), { privileges: true }).entries)).toEqual([
    "SCHEMA vector_layer",
    "ACL TABLE resource",
    "COMMENT TABLE resource",
  ]);
});

test("rows of a table that the dump does not create are those of an extension", () => {
  const copy = "COPY public.x (a) FROM stdin;\n";
  const plan = planLoad(
    toc([
      entry(1, "TABLE", "x"),
      entry(2, "TABLE DATA", "x", { section: 3, copyStatement: copy }),
      entry(3, "TABLE DATA", "spatial_ref_sys", { section: 3, copyStatement: copy }),
    ]),
  );
  expect(plan.entries.map((planned) => planned.class)).toEqual(["pre-data", "rows", "extension-rows"]);
});

test("a name is all of a tag, but that of a function, which has arguments", () => {
  expect(nameOf(entry(1, "TABLE", "a (b) of c"))).toBe("a (b) of c");
  expect(nameOf(entry(1, "FUNCTION", "f(integer, text)"))).toBe("f");
});

test("texts are read as the archive says", () => {
  const session = [
    entry(1, "ENCODING", "ENCODING", { definition: "SET client_encoding = 'WIN1251';\n" }),
    entry(2, "STDSTRINGS", "STDSTRINGS", { definition: "SET standard_conforming_strings = 'off';\n" }),
  ];
  expect(textsOf(toc(session))).toEqual({ encoding: "WIN1251", standardStrings: false });
  expect(textsOf(toc([]))).toEqual({ encoding: "UTF8", standardStrings: true });
});

test("an entry that stands twice is damage", () => {
  expect(() => planLoad(toc([entry(1, "TABLE", "x"), entry(1, "TABLE", "y")]))).toThrow("holds entry 1 twice");
});

describe("COPY statements", () => {
  test.each([
    "COPY public.resource (id, cls) FROM stdin;\n",
    'COPY public."Odd ""name" ("a b", c$1, größe) FROM stdin;\n',
    "COPY public.nothing  FROM stdin;\n",
    "COPY public.nothing FROM stdin;",
  ])("accepts %j", (text) => {
    expect(checkCopyStatement(text, "TABLE DATA x")).toBe(text.trim().slice(0, -1));
  });

  test.each([
    null,
    "",
    "COPY public.x (a) FROM PROGRAM 'id';\n",
    "COPY public.x (a) FROM '/etc/passwd';\n",
    "COPY public.x (a) TO stdin;\n",
    "COPY public.x (a) FROM stdin; DROP TABLE y;\n",
    "COPY public.x (a) FROM stdin WITH (FORMAT binary);\n",
    "COPY public.x (a) FROM stdin; -- \n",
    "COPY (SELECT 1) FROM stdin;\n",
    "COPY x (a) FROM stdin;\n",
    "DROP TABLE public.x;\n",
  ])("refuses %j", (text) => {
    expect(() => checkCopyStatement(text, "TABLE DATA public.x")).toThrow(/^TABLE DATA public\.x has /);
  });

  test("never hangs", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "a", ",", " ", "(", ")", "."), maxLength: 2000 }), (text) => {
        expect(() => checkCopyStatement(`COPY public.x (${text}`, "x")).toThrow();
      }),
    );
  });
});

test("large objects come one by one or as a list of numbers", () => {
  const one = entry(1, "BLOB", "4711", { definition: "SELECT pg_catalog.lo_create('4711');\n" });
  const list = entry(2, "BLOB METADATA", "1..2", { definition: "1\n2\n" });
  expect(largeObjectSql(one)).toBe("SELECT pg_catalog.lo_create('4711');\n");
  expect(largeObjectSql(list)).toBe("SELECT pg_catalog.lo_create('1');\nSELECT pg_catalog.lo_create('2');\n");
  expect(() => largeObjectSql({ ...list, definition: "1'); DROP TABLE x; --" })).toThrow("number of a large object");
});

test("a key is cut in index and constraint only when nothing else is said in it", () => {
  const parts = (sql: string): string[] => {
    const made = splitKey({ entry: entry(1, "CONSTRAINT", "x"), class: "constraint", sql, copySql: undefined });
    return made === undefined ? [] : [made.index.sql, made.constraint.sql];
  };
  expect(parts('ALTER TABLE ONLY public.x\n    ADD CONSTRAINT "x ""k" PRIMARY KEY (id, "B c");\n')).toEqual([
    'CREATE UNIQUE INDEX "x ""k" ON ONLY public.x USING btree (id, "B c");',
    'ALTER TABLE ONLY public.x ADD CONSTRAINT "x ""k" PRIMARY KEY USING INDEX "x ""k";',
  ]);
  for (const tail of [" DEFERRABLE", " INCLUDE (b)", ";\n\nALTER TABLE public.x CLUSTER ON k"]) {
    expect(parts(`ALTER TABLE ONLY public.x\n    ADD CONSTRAINT k UNIQUE (id)${tail};\n`)).toEqual([]);
  }
  expect(parts("ALTER TABLE ONLY public.x\n    ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (id);\n")).toEqual([]);
});

describe("schema", () => {
  const split = (entries: TocEntry[]): { first: string[]; groups: string[][]; last: string[] } => {
    const { first, groups, last } = splitSchema(planLoad(toc(entries)).entries);
    return { first: labels(first), groups: groups.map(labels), last: labels(last) };
  };
  const made = (dumpId: number, description: string, ...dependencies: number[]): TocEntry =>
    entry(dumpId, description, `${dumpId}`, { dependencies });

  test("a table forms a group with its sequence, default and parts; the rest waits for all it may need", () => {
    expect(
      split([
        made(1, "SCHEMA"),
        made(2, "FUNCTION"),
        made(3, "TABLE", 1, 2),
        made(4, "SEQUENCE", 1, 3),
        made(5, "SEQUENCE OWNED BY", 4),
        made(6, "TABLE", 1),
        made(7, "TABLE", 1, 6),
        made(8, "SEQUENCE", 1),
        made(9, "VIEW", 3, 6),
        made(10, "FUNCTION"),
        made(11, "TABLE", 10),
        made(12, "DEFAULT", 3, 4),
        made(13, "TABLE ATTACH", 6, 7),
        made(14, "DEFAULT", 8, 11),
        made(15, "DEFAULT", 6, 8),
      ]),
    ).toEqual({
      first: ["SCHEMA 1", "FUNCTION 2"],
      groups: [
        ["TABLE 3", "SEQUENCE 4", "SEQUENCE OWNED BY 5", "DEFAULT 12"],
        ["TABLE 6", "TABLE 7", "SEQUENCE 8", "TABLE ATTACH 13", "DEFAULT 15"],
      ],
      last: ["VIEW 9", "FUNCTION 10", "TABLE 11", "DEFAULT 14"],
    });
  });

  test("what does not say what it belongs to, or belongs to what comes later, waits for the end", () => {
    expect(split([made(1, "TABLE", 2), made(2, "TABLE", 1), made(3, "DEFAULT"), made(4, "DEFAULT", 5, 99)])).toEqual({
      first: [],
      groups: [["TABLE 1", "TABLE 2"]],
      last: ["DEFAULT 3", "DEFAULT 4"],
    });
  });

  test("holds every entry once, groups that need nothing of each other, and all after what it needs", () => {
    const kinds = ["SCHEMA", "FUNCTION", "TABLE", "TABLE", "SEQUENCE", "DEFAULT", "SEQUENCE OWNED BY", "VIEW"];
    const arbitrary = fc.array(
      fc.record({ kind: fc.nat({ max: kinds.length - 1 }), needs: fc.array(fc.nat({ max: 40 }), { maxLength: 3 }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(arbitrary, (given) => {
        const entries = given.map(({ kind, needs }, index) => made(index, kinds[kind] ?? "", ...needs));
        const { first, groups, last } = splitSchema(planLoad(toc(entries)).entries);
        const rounds = [first, groups.flat(), last];
        const order = rounds.flat().map((planned) => planned.entry.dumpId);
        expect(order.toSorted((a, b) => a - b)).toEqual(entries.map(({ dumpId }) => dumpId));
        for (const part of [first, last, ...groups]) {
          const ids = part.map((planned) => planned.entry.dumpId);
          expect(ids).toEqual(ids.toSorted((a, b) => a - b));
        }
        const round = new Map(rounds.flatMap((list, at) => list.map((planned) => [planned.entry.dumpId, at])));
        const group = new Map(groups.flatMap((list, at) => list.map((planned) => [planned.entry.dumpId, at])));
        for (const { dumpId, dependencies } of entries) {
          for (const needed of dependencies.filter((id) => id < dumpId)) {
            expect(round.get(needed)).toBeLessThanOrEqual(round.get(dumpId) ?? -1);
            if (group.has(needed) && group.has(dumpId)) expect(group.get(needed)).toBe(group.get(dumpId));
          }
        }
      }),
    );
  });
});

describe("stages", () => {
  const descriptions = ["TABLE", "VIEW", "TABLE DATA", "INDEX", "CONSTRAINT", "FK CONSTRAINT", "TRIGGER", "COMMENT"];
  const sections = [2, 2, 3, 4, 4, 4, 4, 1];

  test("hold every entry once, whatever refers to whatever, and after what it needs", () => {
    const arbitrary = fc.array(
      fc.record({
        kind: fc.nat({ max: descriptions.length - 1 }),
        needs: fc.array(fc.nat({ max: 40 }), { maxLength: 4 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(arbitrary, (given) => {
        const entries = given.map(({ kind, needs }, index) =>
          entry(index, descriptions[kind] ?? "", `t${index % 7}`, {
            section: sections[kind] ?? 2,
            dependencies: needs,
            copyStatement: "COPY public.t (a) FROM stdin;\n",
          }),
        );
        const stages = stagePlan(planLoad(toc(entries)).entries);
        const rounds = [
          stages.schema,
          stages.tables.flatMap((unit) => (unit.rows === undefined ? [] : [unit.rows])),
          stages.tables.flatMap((unit) => unit.builds),
          stages.foreignKeys.flatMap(({ keys }) => keys),
          stages.rest,
        ];
        const order = rounds.flat().map((planned) => planned.entry.dumpId);
        expect(order.toSorted((a, b) => a - b)).toEqual(entries.map(({ dumpId }) => dumpId));
        const round = new Map(rounds.flatMap((list, at) => list.map((planned) => [planned.entry.dumpId, at])));
        for (const { dumpId, dependencies } of entries) {
          for (const needed of dependencies) {
            if (needed < dumpId) expect(round.get(needed)).toBeLessThanOrEqual(round.get(dumpId) ?? -1);
          }
        }
      }),
    );
  });

  test("foreign keys that share a table stand in one group", () => {
    const key = (dumpId: number, a: number, b: number): TocEntry =>
      entry(dumpId, "FK CONSTRAINT", `k${dumpId}`, { section: 4, dependencies: [a, b] });
    const tables = [1, 2, 3, 4, 5, 6].map((id) => entry(id, "TABLE", `t${id}`));
    const stages = stagePlan(
      planLoad(toc([...tables, key(10, 1, 2), key(11, 3, 4), key(12, 4, 2), key(13, 5, 6)])).entries,
    );
    expect(stages.foreignKeys.map(({ keys }) => keys.map((planned) => planned.entry.dumpId))).toEqual([
      [10, 11, 12],
      [13],
    ]);
  });

  test("batches keep order and stay within the locks of a transaction", () => {
    const plan = planLoad(
      toc(Array.from({ length: 500 }, (_, id) => entry(id, id % 3 === 0 ? "TABLE" : "SEQUENCE", `t${id}`))),
    );
    const batches = batchEntries(plan.entries);
    expect(batches.flat()).toEqual(plan.entries);
    for (const batch of batches) {
      expect(batch.reduce((sum, one) => sum + lockCost(one), 0)).toBeLessThanOrEqual(locksPerTransaction);
    }
  });
});
