import { execFileSync } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findPgDump } from "../../src/postgres/client-tools.ts";
import { testCluster } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

/** A folder with a program that says to be pg_dump of that version. */
async function pretended(parent: string, name: string, says: string): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder);
  const path = join(folder, "pg_dump");
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
  await chmod(path, 0o755);
  return folder;
}

describe("finding pg_dump", () => {
  it("takes the server's own version, or else the nearest newer one", async () => {
    const parent = await tempFolder();
    const folders = await Promise.all([
      pretended(parent, "a", "pg_dump (PostgreSQL) 94.1"),
      pretended(parent, "b", "pg_dump (PostgreSQL) 92.3 (Debian 92.3-1)"),
      pretended(parent, "c", "pg_dump (PostgreSQL) 90devel"),
      pretended(parent, "d", "another program"),
    ]);
    const env = { PATH: folders.join(":") };
    expect(await findPgDump(92, env)).toEqual({ path: join(parent, "b", "pg_dump"), major: 92 });
    expect(await findPgDump(91, env)).toEqual({ path: join(parent, "b", "pg_dump"), major: 92 });
    expect(await findPgDump(93, env)).toEqual({ path: join(parent, "a", "pg_dump"), major: 94 });
    expect(await findPgDump(94, env, join(parent, "a"))).toEqual({ path: join(parent, "a", "pg_dump"), major: 94 });
    await expect(findPgDump(95, env)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(`${join(parent, "a", "pg_dump")} (94)`),
      hints: [expect.stringContaining("postgresql-client-95"), expect.anything()],
    });
    await expect(findPgDump(93, env, join(parent, "b"))).rejects.toMatchObject({ code: "no-pg-dump" });
  });

  it("finds the real one, and leaves Debian's wrapper alone", async () => {
    const { binDir } = testCluster();
    const version = execFileSync(join(binDir, "pg_dump"), ["--version"], { encoding: "utf8" });
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1]);
    const found = await findPgDump(major, { PATH: binDir });
    expect(found).toEqual({ path: join(binDir, "pg_dump"), major });
    const parent = await tempFolder();
    const wrapperFolder = await pretended(parent, "wrapper", "pg_dump (PostgreSQL) 97.0");
    const linked = join(parent, "linked");
    await mkdir(linked);
    await writeFile(join(wrapperFolder, "pg_wrapper"), "#!/bin/sh\necho 'pg_dump (PostgreSQL) 97.0'\n");
    await chmod(join(wrapperFolder, "pg_wrapper"), 0o755);
    await symlink(join(wrapperFolder, "pg_wrapper"), join(linked, "pg_dump"));
    await expect(findPgDump(97, { PATH: linked })).rejects.toMatchObject({ code: "no-pg-dump" });
  });
});
