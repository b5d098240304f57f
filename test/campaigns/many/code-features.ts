import type { Feature } from "./feature.ts";

/** Types, functions, views, triggers: what refers to other things in its text. */
export const codeFeatures: readonly Feature[] = [
  {
    name: "types",
    sql({ names, schema }) {
      const [mood, pair, positive, small] = [names("mood"), names("pair"), names("positive"), names("small")];
      const t = `${schema}.${names("typed")}`;
      return `
        CREATE TYPE ${schema}.${mood} AS ENUM ('sad', E'gl\\\\ad', '"', '', 'a, b');
        CREATE DOMAIN ${schema}.${positive} AS integer DEFAULT 4 CONSTRAINT ${names("ck")} CHECK (VALUE > 0);
        CREATE DOMAIN ${schema}.${small} AS ${schema}.${positive} CHECK (VALUE < 1000);
        CREATE TYPE ${schema}.${pair} AS (${names("f")} ${schema}.${mood}, ${names("f")} ${schema}.${small}[], ${names("f")} text);
        CREATE TABLE ${t} (m ${schema}.${mood} DEFAULT '"', p ${schema}.${pair}, s ${schema}.${small}, ps ${schema}.${pair}[]);
        INSERT INTO ${t} VALUES ('sad', ROW('', '{1,2}', 'x,")'), 5, NULL), (E'gl\\\\ad', NULL, NULL, ARRAY[ROW(NULL, NULL, E'\\\\')::${schema}.${pair}]);
        ALTER TYPE ${schema}.${mood} ADD VALUE 'late' BEFORE 'sad';
        CREATE TABLE ${schema}.${names("of")} OF ${schema}.${pair};
        CREATE COLLATION ${schema}.${names("coll")} (LOCALE = 'C');
        CREATE CAST (${schema}.${pair} AS text) WITH INOUT`;
    },
  },
  {
    name: "ranges",
    sql({ names, schema }) {
      const [range, multi] = [names("range"), names("multi")];
      const t = `${schema}.${names("ranged")}`;
      return `
        CREATE TYPE ${schema}.${range} AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = ${schema}.${multi});
        CREATE TABLE ${t} (r ${schema}.${range}, m ${schema}.${multi}); INSERT INTO ${t} VALUES ('[1.5,2)', '{[1,2),[5,6)}'), ('empty', '{}');
        CREATE INDEX ${names("ix")} ON ${t} USING gist (r)`;
    },
  },
  {
    name: "functions",
    sql({ names, schema }) {
      const [f, twice, step, t] = [names("f"), names("twice"), names("step"), `${schema}.${names("table")}`];
      const arg = names("arg");
      return `
        CREATE TABLE ${t} (id integer, label text); INSERT INTO ${t} SELECT g, 'l' || g FROM generate_series(1, 60) g;
        CREATE FUNCTION ${schema}.${twice}(${arg} integer DEFAULT 3, VARIADIC integer[] DEFAULT '{}') RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 2 * $1';
        CREATE FUNCTION ${schema}.${f}(OUT ${names("out")} integer, INOUT ${arg} text) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
          AS $body$BEGIN RETURN QUERY SELECT 1, $a$ ' \\ $1 $a$::text; END -- tail
          $body$;
        CREATE FUNCTION ${schema}.${names("atomic")}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM ${t}; SELECT max(id) FROM ${t} WHERE label <> ';'; END;
        CREATE PROCEDURE ${schema}.${names("proc")}(INOUT ${arg} ${t}) LANGUAGE plpgsql AS 'BEGIN NULL; END';
        CREATE FUNCTION ${schema}.${step}(bigint, integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 + coalesce($2, 0)';
        CREATE AGGREGATE ${schema}.${names("agg")}(integer) (SFUNC = ${schema}.${step}, STYPE = bigint, INITCOND = '0');
        CREATE AGGREGATE ${schema}.${names("lines")}(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
        CREATE OPERATOR ${schema}.<%> (FUNCTION = ${schema}.${step}, LEFTARG = bigint, RIGHTARG = integer);
        COMMENT ON FUNCTION ${schema}.${twice}(integer, integer[]) IS E'\\\\';
        ALTER TABLE ${t} ADD CONSTRAINT ${names("ck")} CHECK (${schema}.${twice}(id) > 0);
        CREATE INDEX ${names("ix")} ON ${t} ((${schema}.${twice}(id)));
        ALTER TABLE ${t} ALTER id SET DEFAULT ${schema}.${twice}(21)`;
    },
  },
  {
    name: "views",
    sql({ names, schema }) {
      const t = `${schema}.${names("base")}`;
      const [v1, v2, mv, mv2, key] = ["v", "v", "mv", "mv", "grouped"].map((stem) => `${schema}.${names(stem)}`);
      const [id, label, n] = [names("id"), names("label"), names("n")];
      const [loop, loop2] = [`${schema}.${names("loop")}`, `${schema}.${names("loop")}`];
      const rec = names("rec");
      return `
        CREATE TABLE ${t} (${id} integer PRIMARY KEY, ${label} text, ${n} numeric); INSERT INTO ${t} SELECT g, 'l' || g % 7, g FROM generate_series(1, 80) g;
        CREATE VIEW ${v1} AS SELECT ${id}, ${label}, E'\\\\"' AS q FROM ${t} WHERE ${n} > 3 WITH CHECK OPTION;
        CREATE VIEW ${v2} WITH (security_barrier) AS SELECT v.*, rank() OVER (ORDER BY ${id}) FROM ${v1} v;
        CREATE MATERIALIZED VIEW ${mv} AS SELECT ${label}, count(*) AS n FROM ${v2} GROUP BY 1;
        CREATE UNIQUE INDEX ${names("ix")} ON ${mv} (${label});
        CREATE MATERIALIZED VIEW ${mv2} AS SELECT sum(n) AS total FROM ${mv};
        CREATE MATERIALIZED VIEW ${schema}.${names("empty")} AS SELECT * FROM ${mv2} WITH NO DATA;
        CREATE VIEW ${key} AS SELECT ${id}, ${label}, max(${n}) FROM ${t} GROUP BY ${id};
        CREATE MATERIALIZED VIEW ${schema}.${names("of_key")} AS SELECT count(*) FROM ${key};
        CREATE RECURSIVE VIEW ${schema}.${rec} (k) AS VALUES (1) UNION ALL SELECT k + 1 FROM ${rec} WHERE k < 5;
        CREATE VIEW ${loop} AS SELECT 1 AS a; CREATE VIEW ${loop2} AS SELECT a FROM ${loop};
        ALTER VIEW ${v1} ALTER ${label} SET DEFAULT 'dflt';
        CREATE RULE ${names("rule")} AS ON UPDATE TO ${v2} DO INSTEAD UPDATE ${t} SET ${label} = NEW.${label} WHERE ${id} = OLD.${id};
        CREATE RULE ${names("quiet")} AS ON DELETE TO ${t} WHERE OLD.${id} > 1000 DO INSTEAD DELETE FROM ${t} WHERE false;
        COMMENT ON MATERIALIZED VIEW ${mv} IS 'm'; COMMENT ON VIEW ${v1} IS ''';--'`;
    },
  },
  {
    name: "triggers",
    sql({ names, schema }) {
      const t = `${schema}.${names("watched")}`;
      const f = `${schema}.${names("touch")}`;
      const off = names("off");
      return `
        CREATE TABLE ${t} (id integer, seen integer DEFAULT 0); INSERT INTO ${t} SELECT g FROM generate_series(1, 60) g;
        CREATE FUNCTION ${f}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen := NEW.seen + 1; RETURN NEW; END';
        CREATE FUNCTION ${schema}.${names("all")}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
        CREATE TRIGGER ${names("tr")} BEFORE INSERT OR UPDATE OF id ON ${t} FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION ${f}(E'arg\\\\''', '2');
        CREATE TRIGGER ${off} AFTER DELETE ON ${t} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION ${f}();
        ALTER TABLE ${t} DISABLE TRIGGER ${off};
        CREATE CONSTRAINT TRIGGER ${names("late")} AFTER UPDATE ON ${t} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${f}();
        COMMENT ON TRIGGER ${off} ON ${t} IS 'off'`;
    },
  },
  {
    name: "text search",
    sql({ names, schema }) {
      const [config, dict, t] = [names("conf"), names("dict"), `${schema}.${names("doc")}`];
      return `
        CREATE TEXT SEARCH DICTIONARY ${schema}.${dict} (TEMPLATE = pg_catalog.simple, STOPWORDS = english);
        CREATE TEXT SEARCH CONFIGURATION ${schema}.${config} (COPY = pg_catalog.english);
        ALTER TEXT SEARCH CONFIGURATION ${schema}.${config} ALTER MAPPING FOR word, asciiword WITH ${schema}.${dict};
        CREATE TABLE ${t} (body text); INSERT INTO ${t} SELECT 'the word ' || g FROM generate_series(1, 60) g;
        CREATE INDEX ${names("ix")} ON ${t} USING gin (to_tsvector('${schema.replaceAll("'", "''")}.${config.replaceAll("'", "''")}'::regconfig, body))`;
    },
  },
  {
    name: "grants and owners",
    sql({ names, schema, reader, other }) {
      const [t, own] = [`${schema}.${names("granted")}`, `${schema}.${names("other")}`];
      return `
        CREATE TABLE ${t} (a integer, b text); GRANT SELECT (a), UPDATE (b) ON ${t} TO ${reader}; GRANT USAGE ON SCHEMA ${schema} TO ${reader};
        CREATE TABLE ${own} (a serial, b text); INSERT INTO ${own} (b) VALUES ('x');
        GRANT CREATE, USAGE ON SCHEMA ${schema} TO ${other}; ALTER TABLE ${own} OWNER TO ${other};
        CREATE FUNCTION ${schema}.${names("revoked")}() RETURNS void LANGUAGE sql AS ''; REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${schema} FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${reader}`;
    },
  },
];
