import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { startFaultyProxy, type FaultyProxy } from "../fixtures/faulty-proxy.ts";
import { moto } from "../fixtures/s3/moto.ts";
import { everythingIn, makeBucket, type S3Server } from "../fixtures/s3/s3-server.ts";
import { runCli, type CliResult } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { createTestInstance, type TestInstance } from "../fixtures/test-instance.ts";

const server = await moto();
const now = new Date("2020-07-21T23:46:19.500Z");

describe.skipIf(server === undefined)("archives in S3 (moto)", () => {
  const { accessKeyId, secretAccessKey } = server as S3Server;
  let source: TestInstance;
  let proxy: FaultyProxy;
  let bucket: string;

  beforeAll(async () => {
    source = await createTestInstance();
    // Large enough for an upload of several parts.
    const rasters = [...tinyScale.rasters, { sizeBytes: 9_000_000, compressible: false }];
    await createInstance({
      settings: source.database.settings,
      sdir: source.sdir,
      scale: { ...tinyScale, rasters },
    });
  });
  afterAll(() => source.drop());

  beforeEach(async () => {
    proxy = await startFaultyProxy((server as S3Server).endpoint);
    bucket = await makeBucket(server as S3Server);
  });

  /** The options of the store in the environment, but for credentials. */
  const place = (): Record<string, string> => ({ NEXTGISWEB__NGWBACKUP__S3__ENDPOINT: proxy.url });
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };

  /** Runs the program, and holds its output to show no credential. */
  async function run(args: readonly string[], env: Record<string, string> = keys): Promise<CliResult> {
    const result = await runCli(args, { now, env: { ...place(), ...env } });
    for (const secret of [accessKeyId, secretAccessKey])
      for (const text of [result.stdout, result.stderr]) expect(text).not.toContain(secret);
    return result;
  }

  test(
    "are made, listed, inspected, verified and restored without a copy of them here",
    { timeout: 180_000 },
    async () => {
      const state = afterRestore(await source.fingerprint());
      const made = await run(["backup", ...source.config, "--one-shot", `s3://${bucket}/daily/`]);
      const url = `s3://${bucket}/daily/20200721-234619.ngwbackup`;
      expect(made).toMatchObject({ exitCode: 0, stdout: `${url}\n` });
      expect(await everythingIn(server as S3Server, bucket)).toEqual(["daily/20200721-234619.ngwbackup"]);

      const again = await run(["backup", ...source.config, "--one-shot", url]);
      expect(again).toMatchObject({ exitCode: 4, stdout: "" });
      expect(again.stderr).toContain(`${url} exists already`);

      const listed = await run(["list", `s3://${bucket}/daily/`]);
      expect(listed).toMatchObject({ exitCode: 0, stderr: "" });
      expect(listed.stdout).toContain("20200721-234619.ngwbackup");
      const inspected = await run(["inspect", url]);
      expect(inspected).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await run(["verify", url])).toMatchObject({ exitCode: 0, stdout: `ok ${url}\n` });

      const target = await createTestInstance();
      try {
        const restored = await run(["restore", ...target.config, "--in-place", url]);
        expect(restored).toMatchObject({ exitCode: 0, stdout: "" });
        expect(differences(state, afterRestore(await target.fingerprint()))).toEqual([]);
      } finally {
        await target.drop();
      }
    },
  );

  test("are listed and inspected by their ends", async () => {
    const url = `s3://${bucket}/a.ngwbackup`;
    const path = join(await tempFolder(), "a.ngwbackup");
    for (const target of [url, path])
      expect(await run(["backup", ...source.config, "--one-shot", target])).toMatchObject({ exitCode: 0 });
    const archiveBytes = readFileSync(path).length;
    for (const args of [
      ["list", `s3://${bucket}/`],
      ["inspect", url],
    ]) {
      const before = proxy.answeredBytes;
      expect(await run(args)).toMatchObject({ exitCode: 0 });
      expect(proxy.answeredBytes - before).toBeLessThan(archiveBytes / 20);
    }
  });

  test("that arrive damaged are found by their digests", async () => {
    const url = `s3://${bucket}/a.ngwbackup`;
    expect(await run(["backup", ...source.config, "--one-shot", url])).toMatchObject({ exitCode: 0 });
    // The first half of the archive: not what opening it reads.
    proxy.fault = ({ headers }) =>
      /^bytes=\d{1,5}-/.test(headers.range ?? "") ? { kind: "corrupt", what: "answer", atByte: 3000 } : undefined;
    expect(await run(["verify", url])).toMatchObject({ exitCode: 5 });
  });

  test("survive a server that fails now and then, made and verified", async () => {
    const url = `s3://${bucket}/a.ngwbackup`;
    const body = "<Error><Code>InternalError</Code><Message>We are sorry.</Message></Error>";
    proxy.fault = ({ before }) => (before === 0 ? { kind: "status", status: 500, body } : undefined);
    expect(await run(["backup", ...source.config, "--one-shot", url])).toMatchObject({ exitCode: 0 });
    expect(await run(["verify", url])).toMatchObject({ exitCode: 0 });
  });

  test("leave nothing when a backup fails or is interrupted", async () => {
    const url = `s3://${bucket}/a.ngwbackup`;
    const body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    proxy.fault = ({ method }) => (method === "PUT" ? { kind: "status", status: 403, body } : undefined);
    const denied = await run(["backup", ...source.config, "--one-shot", url]);
    expect(denied).toMatchObject({ exitCode: 4, stdout: "" });
    expect(denied.stderr).toMatch(
      /error: the store does not allow \w+ of s3:.*AccessDenied.*\(HTTP 403\)\nhint: .*docs\/stores\.md allows\n$/,
    );
    proxy.fault = () => undefined;
    expect(await everythingIn(server as S3Server, bucket)).toEqual([]);
  });

  test.each([
    ["a bucket that is not there", "s3://no-such-bucket-here/a", "there is no bucket no-such-bucket-here"],
    ["an archive that is not there", "a", "there is no archive s3://"],
  ])("%s is named", async (_, name, message) => {
    const url = name.includes(":") ? name : `s3://${bucket}/${name}`;
    const verified = await run(["verify", url]);
    expect(verified.exitCode).toBe(4);
    expect(verified.stdout + verified.stderr).toContain(message);
  });

  test.each([
    ["InvalidAccessKeyId", "look at the access key id"],
    ["SignatureDoesNotMatch", "look at the secret access key"],
    ["RequestTimeTooSkewed", "set this machine's clock"],
    ["ExpiredToken", "renew the temporary credentials"],
  ])("%s is told with a next step, and without the keys", async (code, hint) => {
    const message = `The key ${accessKeyId} with ${secretAccessKey} is no good`;
    const body = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    proxy.fault = () => ({ kind: "status", status: 403, body });
    const listed = await run(["list", "--verbose", `s3://${bucket}/`]);
    expect(listed.exitCode).toBe(4);
    expect(listed.stderr).toContain(`The key ******** with ******** is no good`);
    expect(listed.stderr).toContain(`hint: ${hint}`);
  });

  describe("credentials", () => {
    const attempt = async (env: Record<string, string>, config: string[] = []): Promise<string | undefined> => {
      const before = proxy.seen.length;
      await runCli(["list", ...config, `s3://${bucket}/`], { env: { ...place(), ...env } });
      const authorization = proxy.seen[before]?.headers.authorization ?? "";
      return /Credential=([^/]+)\//.exec(authorization)?.[1];
    };

    test("come from the configuration first, then the environment, then a profile", async () => {
      const folder = await tempFolder();
      writeFileSync(join(folder, "credentials"), "[one]\naws_access_key_id = of-one\naws_secret_access_key = x\n");
      const files = { AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"), AWS_CONFIG_FILE: join(folder, "none") };
      const path = join(folder, "config.ini");
      writeFileSync(path, "[ngwbackup]\ns3.access_key_id = of-config\ns3.secret_access_key = x\n");
      expect(await attempt({ ...files, ...keys }, ["--config", path])).toBe("of-config");
      expect(await attempt({ ...files, ...keys })).toBe(accessKeyId);
      const profile = { NEXTGISWEB__NGWBACKUP__S3__PROFILE: "one" };
      expect(await attempt({ ...files, ...keys, ...profile })).toBe("of-one");
      rmSync(folder, { recursive: true });
      expect(readdirSync(source.folder)).not.toContain("credentials");
    });
  });
});
