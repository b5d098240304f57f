import type { Feature } from "./feature.ts";

/** Extensions, large objects, and what belongs to the database as a whole. */
export const databaseFeatures: readonly Feature[] = [
  {
    name: "trusted extensions",
    extensions: ["hstore", "pg_trgm", "btree_gist", "citext", "ltree", "unaccent"],
    sql({ names, schema }) {
      const t = `${schema}.${names("ext")}`;
      return `
        CREATE TABLE ${t} (h public.hstore, c public.citext UNIQUE, l public.ltree, r int4range, k integer,
          CONSTRAINT ${names("ex")} EXCLUDE USING gist (k WITH =, r WITH &&));
        INSERT INTO ${t} SELECT public.hstore('k"', '\\' || g), 'C' || g, ('a.b' || g)::public.ltree, int4range(g, g + 3), g FROM generate_series(1, 60) g;
        CREATE INDEX ${names("ix")} ON ${t} USING gin (c public.gin_trgm_ops)`;
    },
  },
  {
    name: "an extension in a schema of its own",
    sql({ names }) {
      const s = names("ext");
      const t = `${s}.${names("arrays")}`;
      return `CREATE SCHEMA ${s}; CREATE EXTENSION intarray SCHEMA ${s};
        CREATE TABLE ${t} (a integer[]); INSERT INTO ${t} SELECT ARRAY[g, g + 1] FROM generate_series(1, 60) g;
        CREATE INDEX ${names("ix")} ON ${t} USING gist (a ${s}.gist__int_ops)`;
    },
  },
  {
    name: "large objects",
    sql({ random, reader }) {
      const oid = 100_000 + random.below(1_000_000) * 4;
      return `
        SELECT lo_from_bytea(${oid}, decode(repeat('00ff5c0a', 30000), 'hex')), lo_create(${oid + 1}), lo_from_bytea(${oid + 2}, 'x');
        COMMENT ON LARGE OBJECT ${oid} IS E'a \\\\ big one'; GRANT SELECT ON LARGE OBJECT ${oid} TO ${reader}`;
    },
  },
  {
    name: "comments and statistics",
    sql({ names, schema }) {
      const [t, st, ix, pk] = [`${schema}.${names("said")}`, names("st"), names("ix"), names("pk")];
      return `
        CREATE TABLE ${t} (id integer CONSTRAINT ${pk} PRIMARY KEY, b integer); CREATE INDEX ${ix} ON ${t} (b);
        CREATE STATISTICS ${schema}.${st} ON id, b, (id + b) FROM ${t};
        COMMENT ON STATISTICS ${schema}.${st} IS 's'; COMMENT ON INDEX ${schema}.${ix} IS 'i'; COMMENT ON CONSTRAINT ${pk} ON ${t} IS 'c';
        COMMENT ON SCHEMA ${schema} IS E'of \\\\ a "campaign"\\n-- not a comment'`;
    },
  },
  {
    name: "publications",
    databaseWide: true,
    sql({ names, schema }) {
      const t = `${schema}.${names("published")}`;
      const pub = names("pub");
      return `
        CREATE TABLE ${t} (id integer PRIMARY KEY, secret text, n integer);
        CREATE PUBLICATION ${pub} FOR TABLE ${t} (id, n) WHERE (id > 5) WITH (publish = 'insert', publish_via_partition_root = true);
        COMMENT ON PUBLICATION ${pub} IS 'p'; CREATE PUBLICATION ${names("nothing")}`;
    },
  },
  {
    name: "publications of everything",
    superuser: true,
    databaseWide: true,
    sql: ({ names, schema }) =>
      `CREATE PUBLICATION ${names("pub")} FOR ALL TABLES; CREATE PUBLICATION ${names("pub")} FOR TABLES IN SCHEMA ${schema}`,
  },
  {
    name: "event triggers",
    superuser: true,
    databaseWide: true,
    sql({ names, schema }) {
      const [f, watch] = [`${schema}.${names("watch")}`, names("watch")];
      return `
        CREATE FUNCTION ${f}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE DEBUG ''%'', tg_tag; END';
        CREATE EVENT TRIGGER ${watch} ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION ${f}();
        COMMENT ON EVENT TRIGGER ${watch} IS 'w'`;
    },
  },
  {
    name: "foreign tables",
    superuser: true,
    databaseWide: true,
    extensions: ["postgres_fdw", "file_fdw"],
    sql({ names, schema, reader }) {
      const [remote, files, parts] = [names("srv"), names("files"), `${schema}.${names("parts")}`];
      return `
        CREATE SERVER ${remote} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nowhere', dbname E'a\\\\b''c', port '1');
        CREATE SERVER ${files} TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER file_fdw;
        CREATE USER MAPPING FOR ${reader} SERVER ${remote} OPTIONS (user 'u', password 'p"\\');
        CREATE USER MAPPING FOR PUBLIC SERVER ${remote};
        CREATE FOREIGN TABLE ${schema}.${names("ft")} (id integer OPTIONS (column_name ' x "'), t text DEFAULT 'd') SERVER ${remote} OPTIONS (table_name E'\\\\');
        CREATE FOREIGN TABLE ${schema}.${names("csv")} (line text) SERVER ${files} OPTIONS (filename '/dev/null', format 'csv');
        CREATE TABLE ${parts} (id integer, t text) PARTITION BY RANGE (id);
        CREATE TABLE ${schema}.${names("here")} PARTITION OF ${parts} FOR VALUES FROM (0) TO (100);
        CREATE FOREIGN TABLE ${schema}.${names("away")} PARTITION OF ${parts} FOR VALUES FROM (100) TO (200) SERVER ${remote};
        INSERT INTO ${parts} SELECT g FROM generate_series(1, 60) g`;
    },
  },
  {
    name: "casts and operator classes",
    superuser: true,
    databaseWide: true,
    sql({ names, schema }) {
      const f = `${schema}.${names("cast")}`;
      const family = `${schema}.${names("fam")}`;
      return `
        CREATE CAST (point AS text[]) WITH INOUT; COMMENT ON CAST (point AS text[]) IS 'c';
        CREATE FUNCTION ${f}(lseg) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE CAST (lseg AS integer) WITH FUNCTION ${f}(lseg) AS ASSIGNMENT;
        CREATE OPERATOR FAMILY ${family} USING btree;
        CREATE OPERATOR CLASS ${schema}.${names("opc")} FOR TYPE integer USING btree FAMILY ${family} AS
          OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer)`;
    },
  },
  {
    name: "subscriptions",
    superuser: true,
    databaseWide: true,
    sql({ names }) {
      const sub = names("sub");
      return `CREATE SUBSCRIPTION ${sub} CONNECTION 'host=/nowhere dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false);
        COMMENT ON SUBSCRIPTION ${sub} IS 's'`;
    },
  },
  {
    name: "strings of the old kind",
    sql({ names, schema }) {
      const t = `${schema}.${names("old")}`;
      return `
        DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); END$$;
        CREATE TABLE ${t} (a text DEFAULT E'c:\\\\new'); COMMENT ON TABLE ${t} IS E'c:\\\\temp';
        CREATE TYPE ${schema}.${names("enum")} AS ENUM (E'a\\\\b')`;
    },
  },
];
