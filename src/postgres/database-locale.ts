import { quoteLiteral } from "./quoting.ts";

/** How a database sorts and compares text; fixed when it is made. */
export interface DatabaseLocale {
  encoding: string;
  collate: string;
  ctype: string;
  /** `libc`, `icu` or `builtin` (PostgreSQL 17); undefined before PostgreSQL 15, which has the first only. */
  provider: string | undefined;
  /** Locale of another provider than libc. */
  locale: string | undefined;
  /** Rules on top of an ICU locale (PostgreSQL 16). */
  rules: string | undefined;
  /** Version of the collation that the database's indexes were built by; undefined where it has none. */
  version: string | undefined;
  /** Version that the server has now. */
  actualVersion: string | undefined;
}

/** Columns of a query over `pg_database d` that {@link localeOf} takes, in any release. */
export const localeColumns = `
  pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collate, d.datctype::text AS ctype,
  pg_catalog.to_jsonb(d) ->> 'datlocprovider' AS provider,
  coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale,
  pg_catalog.to_jsonb(d) ->> 'daticurules' AS rules, pg_catalog.to_jsonb(d) ->> 'datcollversion' AS version`;

/** What a row of {@link localeColumns} holds. */
export interface LocaleRow {
  encoding: string;
  collate: string;
  ctype: string;
  provider: string | null;
  locale: string | null;
  rules: string | null;
  version: string | null;
}

const providers: Readonly<Record<string, string>> = { c: "libc", i: "icu", b: "builtin" };

/** @param actualVersion see {@link DatabaseLocale.actualVersion}, of a query of its own: only PostgreSQL 15 and newer tell it */
export function localeOf(row: LocaleRow, actualVersion: string | null = null): DatabaseLocale {
  const { encoding, collate, ctype } = row;
  return {
    encoding,
    collate,
    ctype,
    provider: row.provider === null ? undefined : (providers[row.provider] ?? row.provider),
    locale: row.locale ?? undefined,
    rules: row.rules ?? undefined,
    version: row.version ?? undefined,
    actualVersion: actualVersion ?? undefined,
  };
}

/** The part of CREATE DATABASE that gives a copy of template0 the same. */
export function localeClause({ encoding, collate, ctype, provider, locale, rules }: DatabaseLocale): string {
  const parts = [
    `ENCODING ${quoteLiteral(encoding)} LC_COLLATE ${quoteLiteral(collate)} LC_CTYPE ${quoteLiteral(ctype)}`,
  ];
  // said even when it is libc: template0 may have another one
  if (provider !== undefined) parts.push(`LOCALE_PROVIDER ${provider}`);
  if (locale !== undefined)
    parts.push(`${provider === "icu" ? "ICU_LOCALE" : "BUILTIN_LOCALE"} ${quoteLiteral(locale)}`);
  if (rules !== undefined) parts.push(`ICU_RULES ${quoteLiteral(rules)}`);
  return parts.join(" ");
}

/** What tells two databases' locales apart, a line each; empty when a copy of the one will do for the other. */
export function localeDifferences(one: DatabaseLocale, name: string, other: DatabaseLocale): string[] {
  const labels = {
    encoding: "encoding",
    collate: "collate",
    ctype: "ctype",
    provider: "locale provider",
    locale: "locale",
    rules: "collation rules",
  } as const;
  const keys = Object.keys(labels) as (keyof typeof labels)[];
  return keys
    .filter((key) => one[key] !== other[key])
    .map((key) => `its ${labels[key]} is ${one[key] ?? "none"}, and that of ${name} is ${other[key] ?? "none"}`);
}
