import type { Client } from "../connection.ts";

const sessionSql = `
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = '';
SET check_function_bodies = false;
SET xmloption = content;
SET row_security = off;
SET client_min_messages = warning;
SET synchronize_seqscans = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
 WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout');
`;

/**
 * Sets a session up as pg_dump's statements expect it: names are all qualified, texts are UTF-8, bodies of functions are
 * not checked, nothing times out. Within a transaction that rolls back, the settings roll back with it.
 */
export async function setUpLoadSession(client: Client): Promise<void> {
  await client.query(sessionSql);
}
