import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Samples, createSamples } from "../../campaigns/archives/sample-archives.ts";
import { zstdBomb } from "../../campaigns/hostile/bombs.ts";
import { changeToc, lineOf, put, seal, takeApart } from "../../campaigns/hostile/forge.ts";
import { testCluster } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

let samples: Samples;
beforeAll(async () => {
  samples = await createSamples(testCluster(), "damaged");
});
afterAll(() => samples.close());

const indexName = "component/file_storage/$index";

test("damage that looks like an identity of a newer version is damage", async () => {
  const { path } = samples.archives.folder;
  const index = join(path, indexName);
  const sound = await readFile(index, "utf8");
  await writeFile(index, sound.replace('"fileobj"', '"fileobk"'));
  try {
    const { exitCode, stdout } = await runCli(["verify", path]);
    expect(exitCode).toBe(5);
    expect(stdout).toContain(`bad ${path}: entry ${indexName}: sha256: expected`);
    expect(stdout).toContain("expected identity fileobj or font, found fileobk");
    const { config } = samples.instance;
    expect(await runCli(["restore", ...config, "--dry-run", path])).toMatchObject({ exitCode: 5 });
  } finally {
    await writeFile(index, sound);
  }
});

test("the digest that an index says of a compressed blob is compared", async () => {
  const parts = await takeApart(samples.archives.zstd.files.get("")!);
  const name = [...parts.entries.keys()].find((one) => /^component\/file_storage\/\d+\.zst$/.test(one))!;
  const lines = String(parts.entries.get(indexName)).split("\n");
  const at = Number(/(\d+)\.zst$/.exec(name)?.[1]) - 1;
  lines[at] = lines[at]!.replace(/"sha256":"[^"]*"/, `"sha256":"${"0".repeat(64)}"`);
  put(parts, indexName, Buffer.from(lines.join("\n")));
  const path = join(await tempFolder(), "a.ngwbackup");
  await writeFile(path, seal(parts));
  const { exitCode, stdout } = await runCli(["verify", path]);
  expect(exitCode).toBe(5);
  expect(stdout).toContain(`bad ${path}: entry ${name}: sha256 in the index: expected 0000`);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
});

test("a blob that unpacks to more than the manifest states is read no further", async () => {
  const parts = await takeApart(samples.archives.zstd.files.get("")!);
  const name = [...parts.entries.keys()].find((one) => /^component\/file_storage\/\d+\.zst$/.test(one))!;
  // 250 GB, which would take minutes.
  put(parts, name, zstdBomb(2_000_000), 1000);
  const path = join(await tempFolder(), "a.ngwbackup");
  await writeFile(path, seal(parts));
  const { exitCode, stdout } = await runCli(["verify", path]);
  expect(exitCode).toBe(5);
  expect(stdout).toContain(`entry ${name}: plain content is larger than stated: expected 1000 bytes, found more`);
});

test("a codec that finds damage says in which entry, and the manifest's codec is the name's", async () => {
  const parts = await takeApart(samples.archives.zstd.files.get("")!);
  const name = [...parts.entries.keys()].find((one) => /^postgres\/\d+\.dat\.zst$/.test(one))!;
  put(parts, name, Buffer.from("no frame at all"), 1000);
  lineOf(parts, "postgres/toc.dat")["codec"] = "zstd";
  const path = join(await tempFolder(), "a.ngwbackup");
  await writeFile(path, seal(parts));
  const { exitCode, stdout } = await runCli(["verify", path]);
  expect(exitCode).toBe(5);
  expect(stdout).toContain(`bad ${path}: entry ${name}: not a zstd frame`);
  expect(stdout).toContain(`bad ${path}: entry postgres/toc.dat: codec, by its name: expected none, found zstd`);
});

test("names out of an archive cannot deceive a terminal", async () => {
  const parts = await takeApart(samples.archives.zstd.files.get("")!);
  const evil = "\u001b[2Jevil\u202e\n";
  changeToc(parts, (toc) => {
    const data = toc.entries.find(({ description }) => description === "TABLE DATA")!;
    toc.entries.push({ ...data, dumpId: 999_999, tag: evil, namespace: evil, fileName: "999999.dat" });
    for (const entry of toc.entries) if (entry.description === "TABLE DATA") entry.tag += evil;
  });
  parts.lines[0]!["tool"] = evil;
  const path = join(await tempFolder(), "a.ngwbackup");
  await writeFile(path, seal(parts));
  const verified = await runCli(["verify", path]);
  expect(verified.exitCode).toBe(5);
  expect(verified.stdout).toMatch(/rows of table .*evil.* missing/);
  const inspected = await runCli(["inspect", path]);
  expect(inspected.stdout).toMatch(/written by +\\x1b\[2Jevil\\u202e\\n/);
  for (const { stdout, stderr } of [verified, inspected]) {
    expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  }
});
