import type { Feature } from "./feature.ts";

/** Tables of every kind, and what belongs to them. */
export const tableFeatures: readonly Feature[] = [
  {
    name: "1,600 columns",
    sql({ names, schema }) {
      const table = `${schema}.${names("wide")}`;
      const columns = Array.from({ length: 1600 }, () => names("c"));
      return `CREATE TABLE ${table} (${columns.map((column) => `${column} integer`).join(", ")});
        INSERT INTO ${table} (${columns[0]}, ${columns[799]}, ${columns[1599]}) SELECT g, g * 2, -g FROM generate_series(1, 30) g`;
    },
  },
  {
    name: "keys and indexes",
    sql({ names, schema }) {
      const [one, many] = [`${schema}.${names("one")}`, `${schema}.${names("many")}`];
      const [id, text, ref, small] = [names("id"), names("text"), names("ref"), names("small")];
      return `
        CREATE TABLE ${one} (${id} serial, ${text} text NOT NULL DEFAULT E'a\\\\b''c', ${small} smallint CHECK (${small} < 100),
          CONSTRAINT ${names("pk")} PRIMARY KEY (${id}), CONSTRAINT ${names("uq")} UNIQUE (${text}, ${id}) DEFERRABLE);
        CREATE TABLE ${many} (${id} bigserial PRIMARY KEY, ${ref} integer,
          CONSTRAINT ${names("fk")} FOREIGN KEY (${ref}) REFERENCES ${one} (${id}) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
        CREATE INDEX ${names("ix")} ON ${one} (${text} DESC NULLS LAST) INCLUDE (${small}) WHERE ${small} > 3;
        CREATE INDEX ${names("ix")} ON ${one} (lower(${text}), (${id} * 2));
        CREATE INDEX ${names("ix")} ON ${many} USING hash (${ref});
        INSERT INTO ${one} (${text}, ${small}) SELECT 'строка ' || g || E'\\t\\\\ \\n', g FROM generate_series(1, 90) g;
        INSERT INTO ${many} (${ref}) SELECT ${id} FROM ${one}; SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE ${one} DROP COLUMN ${small};
        ALTER TABLE ${one} ADD COLUMN ${small} numeric(8, 2) DEFAULT 1.5;
        ALTER TABLE ${many} ADD CONSTRAINT ${names("nv")} CHECK (${ref} > 5) NOT VALID;
        COMMENT ON TABLE ${one} IS 'a \\ "b" ''c'' %s
-- line'; COMMENT ON COLUMN ${one}.${text} IS 'public.x'`;
    },
  },
  {
    name: "partitions",
    sql({ names, schema }) {
      const p = `${schema}.${names("parts")}`;
      const [at, kind, n] = [names("at"), names("kind"), names("n")];
      const [list, hash] = [`${schema}.${names("list")}`, `${schema}.${names("hash")}`];
      const target = `${schema}.${names("target")}`;
      return `
        CREATE TABLE ${p} (${at} date NOT NULL, ${kind} text, ${n} integer, PRIMARY KEY (${at}, ${n}, ${kind})) PARTITION BY RANGE (${at});
        CREATE TABLE ${list} PARTITION OF ${p} FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') PARTITION BY LIST (${kind});
        CREATE TABLE ${schema}.${names("l")} PARTITION OF ${list} FOR VALUES IN ('a', E'b\\\\''');
        CREATE TABLE ${schema}.${names("l")} PARTITION OF ${list} DEFAULT;
        CREATE TABLE ${hash} PARTITION OF ${p} FOR VALUES FROM ('2026-02-01') TO (MAXVALUE) PARTITION BY HASH (${n});
        CREATE TABLE ${schema}.${names("h")} PARTITION OF ${hash} FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE ${schema}.${names("h")} PARTITION OF ${hash} FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE ${schema}.${names("d")} PARTITION OF ${p} DEFAULT;
        CREATE INDEX ${names("ix")} ON ${p} (${n});
        CREATE TABLE ${target} (${n} integer PRIMARY KEY);
        INSERT INTO ${target} SELECT g FROM generate_series(1, 80) g;
        ALTER TABLE ${p} ADD CONSTRAINT ${names("fk")} FOREIGN KEY (${n}) REFERENCES ${target};
        INSERT INTO ${p} SELECT date '2025-12-20' + g, CASE g % 3 WHEN 0 THEN 'a' WHEN 1 THEN E'b\\\\''' ELSE 'c' END, g FROM generate_series(1, 80) g;
        CREATE TABLE ${schema}.${names("from")} (${at} date, ${n} integer, ${kind} text,
          FOREIGN KEY (${at}, ${n}, ${kind}) REFERENCES ${p})`;
    },
  },
  {
    name: "inheritance",
    sql({ names, schema }) {
      const [a, b, c] = [`${schema}.${names("a")}`, `${schema}.${names("b")}`, `${schema}.${names("c")}`];
      const [x, y, z] = [names("x"), names("y"), names("z")];
      return `
        CREATE TABLE ${a} (${x} integer DEFAULT 1, ${y} text, CONSTRAINT ${names("ck")} CHECK (${x} > 0));
        CREATE TABLE ${b} (${x} integer, ${z} text COLLATE "C", CHECK (${x} <> 7) NO INHERIT);
        CREATE TABLE ${c} (${x} integer DEFAULT 3, own date) INHERITS (${a}, ${b});
        CREATE TABLE ${schema}.${names("d")} () INHERITS (${c});
        ALTER TABLE ONLY ${c} ALTER COLUMN ${y} SET DEFAULT 'of c';
        INSERT INTO ${a} SELECT g FROM generate_series(1, 60) g; INSERT INTO ${c} (own) VALUES ('2026-01-01'), (NULL)`;
    },
  },
  {
    name: "generated and identity columns",
    sql({ names, schema }) {
      const t = `${schema}.${names("gen")}`;
      const [id, a, g] = [names("id"), names("a"), names("g")];
      return `
        CREATE TABLE ${t} (${g} text GENERATED ALWAYS AS (upper(${a}) || E'\\\\') STORED, ${a} text,
          ${id} smallint GENERATED BY DEFAULT AS IDENTITY (START 100 INCREMENT -3 MINVALUE -500 MAXVALUE 200 CYCLE CACHE 5));
        INSERT INTO ${t} (${a}) SELECT 'v' || n FROM generate_series(1, 70) n;
        CREATE TABLE ${schema}.${names("only")} (g integer GENERATED ALWAYS AS (5) STORED);
        CREATE TABLE ${schema}.${names("none")} ();
        CREATE SEQUENCE ${schema}.${names("seq")} AS smallint INCREMENT 7 MAXVALUE 300 CYCLE;
        CREATE SEQUENCE ${schema}.${names("never")} START 42`;
    },
  },
  {
    name: "odd values",
    sql({ names, schema }) {
      const t = `${schema}.${names("odd")}`;
      return `
        CREATE TABLE ${t} (i interval, f float8, n numeric, b bytea, d date, ts timestamptz, bits bit varying(9), addr inet, x xml, j jsonb,
          arr text[][], money money, v tsvector, nums int4range[], t text, c "char");
        INSERT INTO ${t} VALUES
          ('1 mon -3 days 04:05:06.789', 'NaN', 'NaN', '\\x00ff5c0a', '-infinity', '0044-03-15 12:00:00+00 BC', '10101', '10.0.0.1/8',
           '<a>&amp;</a>', '{"a": [1, null, "\\u0416"]}', '{{NULL,"NULL"},{"a,b","\\\\"}}', 12.5, 'a:1 b', '{"[1,5)",empty}', E'\\\\.', '\\'),
          ('-1 days -02:00:00', '-0', 'Infinity', '', 'infinity', 'infinity', '', '::1', NULL, 'null', '{}', NULL, '', '{}', '', NULL),
          (NULL, 1e-320, 0.000000000000000000001, NULL, '5874897-12-31', '294276-12-31 23:59:59+00', NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, E'\\r\\n\\t\\b\\f\\v', 'x')`;
    },
  },
  {
    name: "storage settings",
    sql({ names, schema }) {
      const t = `${schema}.${names("stored")}`;
      const ix = names("ix");
      return `
        CREATE TABLE ${t} (id integer PRIMARY KEY, big text, other text NOT NULL) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
        ALTER TABLE ${t} ALTER big SET STORAGE EXTERNAL, ALTER other SET STATISTICS 7, ALTER other SET (n_distinct = -0.5);
        CREATE UNIQUE INDEX ${ix} ON ${t} (id, other) WITH (fillfactor = 50);
        ALTER TABLE ${t} CLUSTER ON ${ix}; ALTER TABLE ${t} REPLICA IDENTITY USING INDEX ${ix};
        INSERT INTO ${t} SELECT g, repeat(md5(g::text), 300), g::text FROM generate_series(1, 60) g;
        CREATE UNLOGGED TABLE ${schema}.${names("unlogged")} AS SELECT g FROM generate_series(1, 55) g;
        CREATE STATISTICS ${schema}.${names("st")} (ndistinct, mcv) ON id, other FROM ${t}`;
    },
  },
  {
    name: "statistics that cannot be gathered",
    sql({ names, schema }) {
      const t = `${schema}.${names("stat")}`;
      return `CREATE TABLE ${t} (x integer); INSERT INTO ${t} SELECT g % 60 FROM generate_series(0, 300) g;
        CREATE STATISTICS ${schema}.${names("st")} ON (1 / x) FROM ${t}`;
    },
  },
  {
    name: "row-level security",
    sql({ names, schema, reader }) {
      const t = `${schema}.${names("secret")}`;
      return `
        CREATE TABLE ${t} (id integer, who text); INSERT INTO ${t} SELECT g, 'w' || g FROM generate_series(1, 60) g;
        ALTER TABLE ${t} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY ${names("pol")} ON ${t} FOR SELECT TO ${reader} USING (who = current_user);
        CREATE POLICY ${names("pol")} ON ${t} AS RESTRICTIVE USING (id > 0) WITH CHECK (id < 1000)`;
    },
  },
  {
    name: "forced row-level security",
    sql({ names, schema }) {
      const t = `${schema}.${names("forced")}`;
      return `
        CREATE TABLE ${t} (id integer); INSERT INTO ${t} SELECT g FROM generate_series(1, 60) g;
        CREATE MATERIALIZED VIEW ${schema}.${names("mv")} AS SELECT count(*) AS n FROM ${t};
        ALTER TABLE ${t} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY ${names("pol")} ON ${t} USING (id > 30)`;
    },
  },
];
