import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { cleanEnvironment } from "../fixtures/postgres.ts";
import { runProgram } from "../fixtures/python.ts";
import { moto } from "../fixtures/s3/moto.ts";
import { clientFor, makeBucket } from "../fixtures/s3/s3-server.ts";
import { mustShowNoSecret } from "../fixtures/secret.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

const root = join(import.meta.dirname, "../..");
/** As the page writes it; the real one has the time of the backup. */
const archiveInPage = "20260721-234619.ngwbackup.age";

test("the page walks from an empty bucket to a restored instance", async ({ skip }) => {
  const s3 = await moto();
  if (s3 === undefined) return skip("moto is not installed");
  const bucket = await makeBucket(s3, false);
  const folder = await tempFolder();
  const [keys, server, recovery, drill] = await readPage();
  const [source, target] = [await createTestInstance(), await createTestInstance()];
  try {
    await createInstance({ settings: source.database.settings, sdir: source.sdir, scale: tinyScale });
    const words: [string, string][] = [
      ["https://s3.example.org", s3.endpoint],
      ["KEY-ID", s3.accessKeyId],
      ["SECRET", s3.secretAccessKey],
      ["s3://ngw-backup/", `s3://${bucket}/`],
    ];
    const walk = async (commands: string, instance: TestInstance): Promise<string> => {
      const said = await runProgram("sh", ["-euc", replaced(commands, words)], {
        cwd: folder,
        env: {
          ...cleanEnvironment(),
          PATH: `${join(root, "bin")}:${process.env["PATH"]}`,
          NEXTGISWEB_CONFIG: instance.config[1],
        },
      });
      const all = said.stdout.toString() + said.stderr;
      mustShowNoSecret(commands, Buffer.from(all));
      expect(all).not.toContain(s3.secretAccessKey);
      expect(said.exitCode, all).toBe(0);
      return all;
    };
    const publicKey = /age1[0-9a-z]{50,}/.exec(await walk(keys.commands, source))?.[0] ?? "no public key";
    words.push(["age1...", publicKey], ["ngw-key.txt", join(folder, "ngw-key.txt")]);
    await appendFile(source.config[1], replaced(server.configuration, words));
    // The backup notes in the database when it was made.
    const before = afterRestore(await source.fingerprint());
    const url = new RegExp(`^s3://${bucket}/daily/(\\S+\\.ngwbackup\\.age)$`, "m");
    const archive = url.exec(await walk(server.commands, source))?.[1] ?? "no archive";
    const stored = await clientFor(s3).send(new GetObjectCommand({ Bucket: bucket, Key: `daily/${archive}` }));
    const bytes = (await stored.Body?.transformToByteArray()) ?? new Uint8Array();
    expect(Buffer.from(bytes.subarray(0, 22)).toString()).toBe("age-encryption.org/v1\n");
    words.push([archiveInPage, archive]);
    await appendFile(target.config[1], replaced(recovery.configuration, words));
    const restored = await walk(recovery.commands, target);
    expect(restored).toContain(`ok s3://${bucket}/daily/${archive}`);
    expect(differences(before, await target.fingerprint())).toEqual([]);
    expect(await walk(drill.commands, target)).toContain("\nsound: s3://");
  } finally {
    await source.drop();
    await target.drop();
  }
}, 300_000);

interface Step {
  configuration: string;
  commands: string;
}

/** The steps of the page: its blocks of configuration and of commands, section by section. */
async function readPage(): Promise<[Step, Step, Step, Step]> {
  const text = await readFile(join(root, "docs/off-site.md"), "utf8");
  const block = (section: string, language: string): string =>
    new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(section)?.[1] ?? "";
  const steps = text
    .split("\n## ")
    .slice(1)
    .map((section) => ({ configuration: block(section, "ini"), commands: block(section, "sh") }));
  expect(steps).toHaveLength(4);
  return steps as [Step, Step, Step, Step];
}

function replaced(text: string, words: readonly [string, string][]): string {
  return words.reduce((sofar, [word, real]) => sofar.replaceAll(word, real), text);
}
