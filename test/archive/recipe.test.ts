import { readFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { differences } from "../../src/demo/differences.ts";
import { fingerprintInstance } from "../../src/demo/fingerprint.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { openFileSource } from "../../src/stores/file-source.ts";
import { createTestDatabase, cleanEnvironment, withClient } from "../fixtures/postgres.ts";
import { mustSucceed } from "../fixtures/python.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

const document = join(import.meta.dirname, "../../docs/archive-format.md");

/** The recipe's commands: what stands in the document's first section in blocks of shell. */
async function recipe(): Promise<string[]> {
  const text = await readFile(document, "utf8");
  const section = text.split("\n## ")[1] ?? "";
  return [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, commands = ""]) => commands);
}

let instance: TestInstance;
beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
  await withClient(instance.database.settings, (client) =>
    client.query(`select lo_from_bytea(0, convert_to(repeat('large object ', 10000), 'UTF8'))`),
  );
});
afterAll(() => instance.drop());

describe("the recipe of docs/archive-format.md", () => {
  it.each(["zstd", "deflate", "none"])("gets everything out of an archive of ours: %s", async (compression) => {
    const folder = await tempFolder();
    const archive = join(folder, "a.ngwbackup");
    const made = await runCli(["backup", ...instance.config, "--one-shot", "--compression", compression, archive]);
    expect(made).toMatchObject({ exitCode: 0 });
    const reader = await openZipArchive(await openFileSource(archive));
    const zstdEntries = [...reader.entries.keys()].filter((name) => name.endsWith(".zst"));
    await reader.close();
    expect(zstdEntries.length > 0).toBe(compression === "zstd");
    const target = await createTestDatabase();
    try {
      const { host, port, user } = target.settings;
      const env = {
        ...cleanEnvironment(),
        ARCHIVE: archive,
        FOLDER: join(folder, "out"),
        STORAGE: join(folder, "storage"),
        DATABASE: target.name,
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
      };
      await mkdir(env.STORAGE);
      const commands = await recipe();
      expect(commands).toHaveLength(2);
      for (const text of commands) await mustSucceed("sh", ["-euc", text], { env });
      const found = await fingerprintInstance(target.admin, env.STORAGE, join(env.FOLDER, "component/core"));
      const expected = await instance.fingerprint();
      const relevant = differences({ ...expected, fonts: {} }, { ...found, fonts: {} });
      // Rows that a backup leaves out on purpose.
      const excluded = /auth_oauth_[ap]token|pyramid_session|tile_cache\./;
      expect(relevant.filter((line) => !excluded.test(line))).toEqual([]);
      expect(Object.keys(found.blobs).length).toBeGreaterThan(3);
    } finally {
      await target.drop();
    }
  });

  it("checks digests without us", async () => {
    const folder = await tempFolder();
    const archive = join(folder, "a.ngwbackup");
    await runCli(["backup", ...instance.config, "--one-shot", archive]);
    const command = 'unzip -p "$ARCHIVE" manifest.jsonl | sha256sum; unzip -z "$ARCHIVE"';
    const env = { ...cleanEnvironment(), ARCHIVE: archive };
    const printed = (await mustSucceed("sh", ["-euc", command], { env })).toString();
    const [, digest] = /^([0-9a-f]{64})/.exec(printed) ?? [];
    expect(digest).toBeDefined();
    expect(printed).toContain(`ngwbackup manifest sha256=${digest}`);
  });
});
