/**
 * Tables that changes are made to: of two pieces, of one, with values stored apart, with a type whose text stands in the
 * catalogs, and some that are alike so that they can be swapped.
 */
export const tablesSql = `
  CREATE TYPE kind AS ENUM ('field', 'wood', 'water');
  CREATE TABLE two_pieces (id integer, note text, amount numeric, at timestamptz, tags text[]);
  INSERT INTO two_pieces SELECT n, 'row ' || n || ' ' || repeat(md5(n::text), 8), n / 7.0, '2026-01-01Z'::timestamptz + n * interval '1 min',
      ARRAY['a', n::text] FROM generate_series(1, 90000) n;
  CREATE TABLE one_piece (id integer, note text, amount numeric, at timestamptz, tags text[]);
  INSERT INTO one_piece SELECT id, note, amount, at, tags FROM two_pieces WHERE id <= 3000;
  CREATE TABLE like_it (id integer, note text, amount numeric, at timestamptz, tags text[]);
  INSERT INTO like_it SELECT id, note, amount + 1, at, tags FROM two_pieces WHERE id <= 3000;
  CREATE TABLE apart (id integer, note text);
  ALTER TABLE apart ALTER note SET STORAGE EXTERNAL;
  INSERT INTO apart SELECT n, (SELECT string_agg(md5((n * 1000 + i)::text), '') FROM generate_series(1, 100) i)
    FROM generate_series(1, 600) n;
  CREATE TABLE kinds (id integer, note text, kind kind);
  INSERT INTO kinds SELECT n, repeat(md5(n::text), 4), 'field' FROM generate_series(1, 3000) n;
  CREATE TABLE numbers (id integer, note varchar(300), value integer);
  INSERT INTO numbers SELECT n, repeat(md5(n::text), 4), n FROM generate_series(1, 3000) n;
  CREATE TABLE computed (id integer, note text, doubled integer GENERATED ALWAYS AS (id * 2) STORED);
  INSERT INTO computed SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, 3000) n;`;

/** Those whose rows are changed. */
export const changedTables: readonly string[] = ["two_pieces", "one_piece", "like_it", "apart", "kinds", "numbers"];

/** All of them. */
export const tableNames: readonly string[] = [...changedTables, "computed"];
