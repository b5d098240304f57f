import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rewriteQualifier } from "../../../src/postgres/in-place/rewrite-qualifier.ts";
import { tokenizeSql } from "../../../src/postgres/in-place/sql-tokens.ts";

describe("tokenizing SQL", () => {
  test("loses nothing, whatever the text", () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      "$$",
      "$a$",
      "/*",
      "*/",
      "--",
      "\n",
      "E'",
      "\\",
      ".",
      "x",
      "1",
      " ",
      "U&",
      "é",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((parts) => parts.join("")),
        ),
        (sql) => {
          expect(
            tokenizeSql(sql)
              .map(({ text }) => text)
              .join(""),
          ).toBe(sql);
        },
      ),
    );
  });

  test.each([
    ["'it''s'", "string"],
    ["E'it\\'s'", "string"],
    ["$x$ $$ ' $x$", "dollar"],
    ['"a""b"', "quoted"],
    ["/* a /* b */ c */", "comment"],
    ["-- it's", "comment"],
    ["vector_layer$1", "word"],
  ])("%s is one token", (sql, kind) => {
    expect(tokenizeSql(sql)).toEqual([{ kind, text: sql }]);
  });
});

describe("rewriting a qualifier", () => {
  const rewrite = (sql: string): string => {
    const result = rewriteQualifier(sql, "vector_layer", "vector_layer__new");
    expect(result.doubts).toEqual([]);
    return result.sql;
  };

  test.each([
    [
      "CREATE TABLE vector_layer.t (a public.geometry(Point,3857));",
      'CREATE TABLE "vector_layer__new".t (a public.geometry(Point,3857));',
    ],
    ['ALTER TABLE "vector_layer"."T" OWNER', 'ALTER TABLE "vector_layer__new"."T" OWNER'],
    [
      "ALTER TABLE public.vector_layer ADD vector_layer integer",
      "ALTER TABLE public.vector_layer ADD vector_layer integer",
    ],
    [
      "COMMENT ON TABLE vector_layer.t IS 'see vector_layer.t'",
      "COMMENT ON TABLE \"vector_layer__new\".t IS 'see vector_layer.t'",
    ],
    ["SET DEFAULT nextval('vector_layer.s'::regclass)", "SET DEFAULT nextval('\"vector_layer__new\".s'::regclass)"],
    [
      "SET DEFAULT nextval('vector_layer.\"it''s\"'::regclass)",
      "SET DEFAULT nextval('\"vector_layer__new\".\"it''s\"'::regclass)",
    ],
    [
      "SELECT pg_catalog.setval('vector_layer.s', 5, true);",
      "SELECT pg_catalog.setval('\"vector_layer__new\".s', 5, true);",
    ],
    ["SET DEFAULT 'my_vector_layer.x'::text", "SET DEFAULT 'my_vector_layer.x'::text"],
  ])("%s", (sql, expected) => {
    expect(rewrite(sql)).toBe(expected);
  });

  test.each([
    "SET DEFAULT nextval('vector_layer.s'::text)",
    "SET DEFAULT 'vector_layer.t'::regtype",
    "SET DEFAULT 's'::regclass",
    "CHECK ((vector_layer.* IS NOT NULL))",
    "CHECK (a OPERATOR(vector_layer.+) b > 0)",
    "AS $$ SELECT * FROM vector_layer.t $$",
    'CREATE TABLE U&"vector\\005flayer".t ()',
    "SET DEFAULT 'open",
  ])("%s is not certain", (sql) => {
    expect(rewriteQualifier(sql, "vector_layer", "vector_layer__new").doubts).not.toEqual([]);
  });

  test("names in other schemas are told, whether written or looked up", () => {
    const { foreignNames } = rewriteQualifier(
      "REFERENCES public.a(id) DEFAULT nextval('public.s'::regclass)",
      "x",
      "y",
    );
    expect(foreignNames).toEqual([
      ["public", "a"],
      ["public", "s"],
    ]);
  });
});
