import { appendFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Fingerprint } from "../../../src/demo/fingerprint.ts";
import { createInstance } from "../../../src/demo/instance.ts";
import { tinyScale } from "../../../src/demo/scale.ts";
import { hasRclone } from "../../fixtures/rclone.ts";
import { type CliResult, runCli } from "../../fixtures/run-cli.ts";
import { moto } from "../../fixtures/s3/moto.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { addBlob, realDifferences, sql } from "../../operations/increments/changes.ts";
import { type ChainPlace, s3Place, sftpPlace } from "./chain-place.ts";

const server = await moto();
const names = ["1.ngwbackup", "2.ngwbackup", "3.ngwbackup"];

/** An instance that changes, and its chain of three in `chain/` of a store. */
class ChainWorld {
  readonly place: ChainPlace;
  readonly instance: TestInstance;
  /** What the instance held at each archive. */
  readonly held: Fingerprint[] = [];

  constructor(place: ChainPlace, instance: TestInstance) {
    this.place = place;
    this.instance = instance;
  }

  at(folder: string, name = ""): string {
    return `${this.place.root}${folder}/${name}`;
  }

  async run(command: string, ...args: string[]): Promise<CliResult> {
    return await runCli([command, ...this.instance.config, ...args]);
  }

  /** Runs what must end with 0. */
  async do(command: string, ...args: string[]): Promise<CliResult> {
    const result = await this.run(command, ...args);
    expect(result.exitCode, `${command} ${args.join(" ")}: ${result.stderr}`).toBe(0);
    return result;
  }

  async build(): Promise<void> {
    const { instance } = this;
    await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
    await sql(
      instance,
      "CREATE TABLE rows_of_some_size (id integer, text text)",
      "INSERT INTO rows_of_some_size SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 30000) n",
    );
    await addBlob(instance, 600_000);
    for (const [index, name] of names.entries()) {
      const url = this.at("chain", name);
      const made = await this.do("backup", "--one-shot", ...(index === 0 ? [] : ["--base", "latest"]), url);
      expect(made.stdout).toBe(`${url}\n`);
      this.held.push(await instance.fingerprint());
      await sql(instance, `UPDATE rows_of_some_size SET text = 'other' WHERE id = ${15000 + index}`);
      await addBlob(instance, 5000);
    }
  }

  async listed(): Promise<{ path: string; sizeBytes: number; base: string[]; state: string }[]> {
    const { stdout } = await this.do("list", "--json", this.at("chain"));
    return (JSON.parse(stdout) as { archives: { path: string; sizeBytes: number; base: string[]; state: string }[] })
      .archives;
  }
}

/** Does something with a chain that was just written into a store; the world is gone afterwards. */
async function withChain(place: ChainPlace, use: (world: ChainWorld) => Promise<void>): Promise<void> {
  const instance = await createTestInstance({ extraConfig: ["[ngwbackup]", ...place.options].join("\n") });
  try {
    const world = new ChainWorld(place, instance);
    await world.build();
    await use(world);
  } finally {
    await instance.drop();
  }
}

describe.each([
  { kind: "S3 (moto)", isThere: server !== undefined, open: () => s3Place(server!) },
  { kind: "a remote of rclone (SFTP)", isThere: hasRclone(), open: sftpPlace },
])("a chain of archives in $kind", ({ isThere, open }) => {
  test.skipIf(!isThere)(
    "is listed, inspected, verified, and restored to another and to the same instance",
    async () => {
      await withChain(await open(), async (world) => {
        const newestFirst = names.map((name) => world.at("chain", name)).toReversed();
        const listed = await world.listed();
        expect(listed.map(({ path, base, state }) => [path, base, state])).toEqual([
          [newestFirst[0], ["2.ngwbackup", "1.ngwbackup"], "complete"],
          [newestFirst[1], ["1.ngwbackup"], "complete"],
          [newestFirst[2], [], "complete"],
        ]);
        for (const { sizeBytes } of listed.slice(0, 2)) expect(sizeBytes).toBeLessThan(listed[2]!.sizeBytes * 0.5);
        expect((await world.do("inspect", newestFirst[0]!)).stdout).toMatch(
          /^refers to +2\.ngwbackup of .*\nrefers to +1\.ngwbackup of /m,
        );
        const verified = await world.do("verify", ...newestFirst);
        expect(verified.stdout).toBe(newestFirst.map((url) => `ok ${url}\n`).join(""));
        const target = await createTestInstance({ extraConfig: ["[ngwbackup]", ...world.place.options].join("\n") });
        try {
          const restored = await runCli(["restore", ...target.config, "--yes", newestFirst[0]!]);
          expect(restored.exitCode, restored.stderr).toBe(0);
          expect(realDifferences(world.held[2]!, await target.fingerprint())).toEqual([]);
        } finally {
          await target.drop();
        }
        await world.do("restore", "--in-place", "--keep-previous", "0", "--yes", newestFirst[1]!);
        expect(realDifferences(world.held[1]!, await world.instance.fingerprint())).toEqual([]);
        expect(await world.place.names()).toEqual(names.map((name) => `chain/${name}`));
      });
    },
    300_000,
  );

  test.skipIf(!isThere)(
    "is copied as a whole, becomes one, and is pruned without a base that is needed",
    async () => {
      await withChain(await open(), async (world) => {
        const { place } = world;
        const folder = await tempFolder();
        // The newest before those that it refers to, which is said, and after them.
        for (const name of [names[2]!, names[0]!, names[1]!]) {
          const there = await world.do("copy", world.at("chain", name), folder);
          const back = await world.do("copy", join(folder, name), world.at("copies"));
          for (const { stderr } of [there, back])
            expect(stderr.match(/refers to [12]\.ngwbackup, which is not beside it/g)?.length ?? 0).toBe(
              name === names[2] ? 2 : 0,
            );
        }
        for (const newest of [join(folder, names[2]!), world.at("copies", names[2])])
          expect((await world.do("verify", newest)).stdout).toBe(`ok ${newest}\n`);
        const one = world.at("one", "one.ngwbackup");
        expect((await world.do("consolidate", world.at("chain", names[2]), one)).stdout).toBe(`${one}\n`);
        expect((await world.do("inspect", one)).stdout).not.toContain("refers to");
        await world.do("restore", "--keep-previous", "0", "--yes", one);
        expect(realDifferences(world.held[2]!, await world.instance.fingerprint())).toEqual([]);
        const inChain = async (): Promise<string[]> =>
          (await place.names()).flatMap((name) => (name.startsWith("chain/") ? name.slice(6) : []));
        const dry = await world.do("prune", "--dry-run", "--keep-last", "1", world.at("chain"));
        expect(dry.stdout).toMatch(/keep .*base of 3\.ngwbackup.* \S+\/1\.ngwbackup/);
        await world.do("prune", "--keep-last", "1", world.at("chain"));
        expect(await inChain()).toEqual(names);
        await world.do("verify", world.at("chain", names[2]));
        await world.do("backup", "--one-shot", world.at("chain", "4.ngwbackup"));
        await world.do("prune", "--keep-last", "1", world.at("chain"));
        expect(await inChain()).toEqual(["4.ngwbackup"]);
      });
    },
    300_000,
  );

  test.skipIf(!isThere)(
    "names a base that is missing or another, before anything is touched",
    async () => {
      await withChain(await open(), async (world) => {
        const { place, instance } = world;
        const newest = world.at("chain", names[2]);
        const one = world.at("one", "one.ngwbackup");
        await world.do("consolidate", world.at("chain", names[1]), one);
        const before = await instance.fingerprint();
        await place.remove(`chain/${names[0]!}`);
        const left = await place.names();
        expect((await world.listed())[0]?.state).toBe("complete, not beside it: 1.ngwbackup");
        const attempts = [
          ["restore", "--yes", newest],
          ["consolidate", newest, world.at("chain", "x.ngwbackup")],
          ["backup", "--base", newest, world.at("chain", "x.ngwbackup")],
        ] as const;
        for (const [command, ...args] of attempts) {
          const result = await world.run(command, ...args);
          expect(result, command).toMatchObject({ exitCode: 4, stdout: "" });
          expect(result.stderr).toMatch(/refers to the archive 1\.ngwbackup(, | of .*, )which is not there/);
        }
        const verified = await world.run("verify", newest);
        expect(verified.exitCode).toBe(4);
        expect(verified.stdout).toMatch(/^bad .*3\.ngwbackup: .*refers to the archive 1\.ngwbackup of .*not there/);

        await world.do("copy", one, world.at("chain", names[0]));
        for (const [command, ...args] of attempts) {
          const result = await world.run(command, ...args);
          // What a backup cannot refer to is refused, whatever is wrong with it.
          expect(result, command).toMatchObject({ exitCode: command === "backup" ? 4 : 5, stdout: "" });
          expect(result.stderr).toMatch(/another archive than \S+chain\/1\.ngwbackup/);
          expect(result.stderr).toMatch(/expected manifest sha256 [0-9a-f]{64}, found [0-9a-f]{64}/);
        }
        expect(await place.names()).toEqual([...left, `chain/${names[0]!}`].toSorted());
        expect(realDifferences(before, await instance.fingerprint())).toEqual([]);
        const full = await world.do("backup", "--one-shot", "--base", "latest", world.at("chain", "4.ngwbackup"));
        expect(full.stderr).toMatch(/3\.ngwbackup is passed over for --base latest: /);
        await world.do("verify", world.at("chain", "4.ngwbackup"));
      });
    },
    300_000,
  );
});

test.skipIf(server === undefined)(
  "encrypted archives in S3 refer to each other by manifests that are kept",
  async () => {
    const place = await s3Place(server!);
    const instance = await createTestInstance();
    try {
      const identity = join(instance.folder, "key.txt");
      const recipient = (await runCli(["keygen", "-o", identity])).stderr.trim().replace("Public key: ", "");
      const statePath = join(instance.folder, "state");
      const lines = ["[ngwbackup]", ...place.options, `encrypt.recipients = ${recipient}`, `state.path = ${statePath}`];
      appendFileSync(instance.config[1], `${lines.join("\n")}\n`);
      const world = new ChainWorld(place, instance);
      await world.build();
      expect(readdirSync(join(statePath, "manifests"))).toHaveLength(3);
      const newest = world.at("chain", names[2]);
      const keys = ["--identity", identity];
      expect(await world.run("verify", newest)).toMatchObject({ exitCode: 4 });
      expect((await world.do("verify", ...keys, newest)).stdout).toBe(`ok ${newest}\n`);
      expect((await world.do("inspect", ...keys, newest)).stdout).toMatch(/^refers to +1\.ngwbackup of /m);
      const listed = await world.do("list", ...keys, world.at("chain"));
      expect(listed.stdout.match(/ yes +yes +- +complete /g)).toHaveLength(2);
      await world.do("restore", ...keys, "--keep-previous", "0", "--yes", newest);
      expect(realDifferences(world.held[2]!, await world.instance.fingerprint())).toEqual([]);
      const one = world.at("one", "one.ngwbackup.age");
      await world.do("consolidate", ...keys, newest, one);
      await world.do("verify", ...keys, one);
      const folder = join(await tempFolder(), "to");
      mkdirSync(folder);
      for (const name of names) await world.do("copy", world.at("chain", name), folder);
      await world.do("verify", ...keys, join(folder, names[2]!));
      // Without the key nobody knows what refers to what: nothing goes.
      await world.do("prune", "--keep-last", "1", world.at("chain"));
      expect(await place.names()).toEqual([...names.map((name) => `chain/${name}`), "one/one.ngwbackup.age"]);
      const pruned = await world.do("prune", ...keys, "--keep-last", "1", world.at("chain"));
      expect(pruned.stdout).toMatch(/keep .*base of 3\.ngwbackup.* \S+\/1\.ngwbackup/);
      expect(await place.names()).toHaveLength(4);
      await place.remove(`chain/${names[0]!}`);
      const missing = await world.run("restore", ...keys, "--yes", newest);
      expect(missing).toMatchObject({ exitCode: 4, stdout: "" });
      expect(missing.stderr).toMatch(/refers to the archive 1\.ngwbackup of .*, which is not there/);
    } finally {
      await instance.drop();
    }
  },
  300_000,
);
