"""The steps that NextGIS Web takes for a backup and a restore, as a script of ours: what it does, not how it is written.

Usage: nextgisweb_steps.py backup|restore BINDIR FILE_STORAGE FOLDER
       nextgisweb_steps.py drop BINDIR
       nextgisweb_steps.py list BINDIR DUMP LIST
The database comes from libpq's environment. FOLDER holds the archive and, while it runs, a staging folder.
"""
import json
import os
import shutil
import subprocess
import sys
import zipfile

LEFT_OUT = (" EXTENSION ", " SCHEMA - public ", " COMMENT - EXTENSION ", " TABLE DATA public spatial_ref_sys ")


def psql(bindir, sql):
    return subprocess.run(
        [os.path.join(bindir, "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1"],
        input=sql, text=True, check=True, capture_output=True,
    ).stdout


def drop(bindir):
    """Drops what the instance holds, in batches that the lock table has room for; extensions stay."""
    names = psql(bindir, """
        SELECT format('DROP %s IF EXISTS %I.%I CASCADE;',
                 CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                   ELSE 'TABLE' END, n.nspname, c.relname)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
         ORDER BY c.relkind = 'S'""").splitlines()
    for start in range(0, len(names), 100):
        psql(bindir, "BEGIN;" + "\n".join(names[start:start + 100]) + "COMMIT;")
    rest = psql(bindir, """
        SELECT format('DROP %s %s CASCADE;', CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE'
                 ELSE 'FUNCTION' END, p.oid::regprocedure)
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('DROP TYPE %s CASCADE;', t.oid::regtype)
          FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE t.typtype IN ('e', 'd', 'r') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('DROP SCHEMA %I CASCADE;', nspname) FROM pg_namespace
         WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')""")
    psql(bindir, rest)


def write_list(bindir, dump, path):
    listed = subprocess.run([os.path.join(bindir, "pg_restore"), "--list", dump], check=True, capture_output=True, text=True)
    with open(path, "w") as out:
        for line in listed.stdout.splitlines():
            out.write((";" if any(part in line for part in LEFT_OUT) else "") + line + "\n")


def blobs(storage):
    for folder, _, names in os.walk(storage):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), storage)


def backup(bindir, storage, folder):
    staging = os.path.join(folder, "staging")
    component = os.path.join(staging, "component", "file_storage")
    os.makedirs(component)
    database = os.path.join(staging, "postgres")
    subprocess.run([os.path.join(bindir, "pg_dump"), "--format=directory", "--compress=0", "--file", database], check=True)
    write_list(bindir, database, os.path.join(database, "restore"))
    with open(os.path.join(component, "$index"), "w") as index:
        for number, path in enumerate(blobs(storage), 1):
            shutil.copyfile(os.path.join(storage, path), os.path.join(component, "%08d" % number))
            index.write(json.dumps({"id": number, "path": path}) + "\n")
    with zipfile.ZipFile(os.path.join(folder, "archive.zip"), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in blobs(staging):
            archive.write(os.path.join(staging, path), path)
    shutil.rmtree(staging)


def restore(bindir, storage, folder):
    staging = os.path.join(folder, "unpacked")
    with zipfile.ZipFile(os.path.join(folder, "archive.zip")) as archive:
        archive.extractall(staging)
    drop(bindir)
    database = os.path.join(staging, "postgres")
    subprocess.run(
        [os.path.join(bindir, "pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error",
         "--use-list", os.path.join(database, "restore"), "--dbname", os.environ["PGDATABASE"], database],
        check=True,
    )
    component = os.path.join(staging, "component", "file_storage")
    with open(os.path.join(component, "$index")) as index:
        for line in index:
            record = json.loads(line)
            target = os.path.join(storage, record["path"])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(component, "%08d" % record["id"]), target)
    shutil.rmtree(staging)


if __name__ == "__main__":
    {"backup": backup, "restore": restore, "drop": drop, "list": write_list}[sys.argv[1]](*sys.argv[2:])
