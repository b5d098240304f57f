import type { Finding } from "../../finding.ts";
import type { Client } from "../connection.ts";
import type { DumpSource } from "../load/dump-source.ts";
import { nameOf } from "../load/load-order.ts";
import { dependentsOfOthers } from "./dependents.ts";
import { sortLiveSchemas } from "./move-aside.ts";
import { listLargeObjects, listObjects, objectReference } from "./owned-objects.ts";

/** Names listed under a finding. */
const shown = 20;

/** What other roles have that stands in the way, depends on what is replaced, or goes with it. */
export async function checkOthersObjects(client: Client, source: DumpSource): Promise<Finding[]> {
  const findings: Finding[] = [];
  const dependents = await dependentsOfOthers(client);
  if (dependents.length > 0) {
    findings.push({
      level: "fail",
      check: "dependents",
      message: `${dependents.length} objects of other roles depend on what the restore replaces`,
      details: dependents
        .slice(0, shown)
        .map(({ dependent, owner, needs }) => `${dependent} of role ${owner} needs ${needs}`),
      hint: "let their owners drop them, and make them again afterwards",
    });
  }
  const live = await sortLiveSchemas(client);
  const whole = new Set(live.whole.map(({ name }) => name));
  const objects = await listObjects(client);
  const others = objects.filter(({ ours, internal }) => !ours && !internal);
  const named = new Set(source.toc.entries.map((entry) => JSON.stringify([entry.namespace, nameOf(entry)])));
  const inTheWay = others.filter(
    ({ schema, name }) => !whole.has(schema) && named.has(JSON.stringify([schema, unquoted(name)])),
  );
  // a range's functions belong to the server's first role, so that only a superuser can move the range
  const stuck = objects.filter(({ ours, internal, schema }) => !ours && internal && !whole.has(schema));
  const oids = new Set((await listLargeObjects(client)).filter(({ ours }) => !ours).map(({ oid }) => oid));
  const largeObjects = largeObjectsOf(source).filter((oid) => oids.has(oid));
  const obstacles = [
    ...inTheWay.map((object) => `${objectReference(object)} of role ${object.owner}`),
    ...stuck.map((object) => `${objectReference(object)}, made for a range type that stands in a schema which stays`),
    ...largeObjects.map((oid) => `large object ${oid}`),
    ...[...(await schemasOfOthers(client, source))].map((schema) => `schema ${schema}`),
  ];
  findings.push(
    obstacles.length === 0
      ? {
          level: "ok",
          check: "objects-of-others",
          message: "nothing of other roles stands where the archive's objects go",
        }
      : {
          level: "fail",
          check: "objects-of-others",
          message: `${obstacles.length} objects that the role may not move stand where the archive's objects go`,
          details: obstacles.slice(0, shown),
          hint: "give them to the application's role, drop them, or restore with --side-by-side",
        },
  );
  const taken = others.filter(({ schema }) => whole.has(schema));
  if (taken.length > 0) {
    findings.push({
      level: "warn",
      check: "objects-inside",
      message: `${taken.length} objects of other roles stand in schemas that the restore replaces, and go with them`,
      details: taken.slice(0, shown).map((object) => `${objectReference(object)} of role ${object.owner}`),
    });
  }
  return findings;
}

/** The name that `quote_ident` gave. */
function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** Numbers of the large objects of an archive: an entry each up to pg_dump 16, then an entry for several. */
function largeObjectsOf({ toc }: DumpSource): string[] {
  return toc.entries.flatMap(({ description, tag, definition }) => {
    if (description === "BLOB") return [tag];
    return description === "BLOB METADATA" ? (definition ?? "").split("\n") : [];
  });
}

/** Schemas of the archive that exist and can neither be renamed nor be filled. */
async function schemasOfOthers(client: Client, { toc }: DumpSource): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT nspname::text AS name FROM pg_catalog.pg_namespace
      WHERE NOT pg_catalog.pg_has_role(nspowner, 'USAGE') AND NOT pg_catalog.has_schema_privilege(oid, 'CREATE')`,
  );
  const named = new Set(toc.entries.filter(({ description }) => description === "SCHEMA").map(({ tag }) => tag));
  return new Set(rows.map(({ name }) => name).filter((name) => named.has(name) && name !== "public"));
}

/** Whether everything will belong to whom it belongs now: a restore makes what it makes as the connected role. */
export async function checkOwners(client: Client): Promise<Finding> {
  const check = "owners";
  const { rows } = await client.query<{ role: string }>("SELECT current_user::text AS role");
  const role = rows[0]?.role ?? "";
  const places = new Set((await sortLiveSchemas(client)).whole.map(({ name }) => name)).add("public");
  const owners = new Set<string>();
  for (const { owner, ours, schema } of await listObjects(client)) if (ours && places.has(schema)) owners.add(owner);
  owners.delete(role);
  if (owners.size === 0)
    return { level: "ok", check, message: `everything will belong to role ${role}, as it does now` };
  return {
    level: "warn",
    check,
    message: `everything will belong to role ${role}, and some of it belongs to ${[...owners].join(", ")} now`,
    hint: `restore as the application's own role`,
  };
}

/** Whether other roles may use what is replaced, and will not be allowed to use what takes its place. */
export async function checkGrants(client: Client, privileges: boolean): Promise<Finding> {
  const check = "grants";
  const live = await sortLiveSchemas(client);
  const { rows } = await client.query<{ grantee: string; objects: number }>(
    `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee,
            count(DISTINCT (g.catalog, g.oid))::integer AS objects
       FROM (SELECT 'r' AS catalog, c.oid, c.relowner AS owner, c.relacl AS acl, c.relnamespace AS namespace
               FROM pg_catalog.pg_class c
              WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                                   AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
             UNION ALL
             SELECT 'n', n.oid, n.nspowner, n.nspacl, n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1::text[])) g
       JOIN pg_catalog.pg_namespace n ON n.oid = g.namespace AND n.nspname = ANY ($2::text[])
      CROSS JOIN LATERAL pg_catalog.aclexplode(g.acl) a
      WHERE a.grantee <> g.owner GROUP BY 1 ORDER BY 1`,
    [live.whole.map(({ name }) => name), [...live.whole, ...live.movedOutOf].map(({ name }) => name)],
  );
  if (rows.length === 0)
    return { level: "ok", check, message: "no other role was granted anything that the restore replaces" };
  return {
    level: "warn",
    check,
    message: privileges
      ? "other roles were granted something that the restore replaces: the archive's grants take the place of these"
      : "other roles were granted something that the restore replaces: grant it to them again afterwards",
    details: rows.map(({ grantee, objects }) => `${grantee}: ${objects} tables, sequences or schemas`),
  };
}
