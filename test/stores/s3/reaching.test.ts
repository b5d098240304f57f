import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { S3Settings } from "../../../src/stores/s3/s3-settings.ts";
import { createS3Store } from "../../../src/stores/s3/s3-store.ts";
import type { Store } from "../../../src/stores/store.ts";
import { settingsFor } from "../../fixtures/s3/s3-server.ts";
import { mustSucceed } from "../../fixtures/python.ts";
import { errorOf } from "../../fixtures/streams.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { never } from "../contract/contents.ts";
import { quickPatience } from "../contract/worlds/s3-world.ts";

const keys = { accessKeyId: "an-id-81b2", secretAccessKey: "a-secret-77cd", leastPartBytes: 1 };

function openStore(settings: Partial<S3Settings>, env: Record<string, string> = {}): Store {
  const surroundings = { env, pid: process.pid, tmpFolder: tmpdir(), now: () => new Date() };
  const all = { ...settingsFor({ endpoint: "http://127.0.0.1:1", ...keys }), ...settings };
  const store = createS3Store("s3://bucket/prefix", all, surroundings, { patience: quickPatience });
  onTestFinished(() => store.close());
  return store;
}

afterEach(() => vi.unstubAllEnvs());

test("a server that cannot be reached is named, soon, without the keys", async () => {
  const error = await errorOf(() => openStore({}).open("a", never));
  expect(error).toMatchObject({ code: "store-failed", exitCode: 1 });
  expect(error.message).toMatch(/^the store failed at HeadObject of s3:\/\/bucket\/prefix\/a: .*ECONNREFUSED/);
  expect(error).toMatchObject({ hints: [expect.stringContaining("http://127.0.0.1:1")] });
  expect(JSON.stringify([error.message, error.cause, error.stack])).not.toMatch(/81b2|77cd/);
});

test("a machine without credentials is told where they may stand", async () => {
  // What the SDK itself looks at.
  for (const [name, value] of Object.entries({
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_PROFILE: undefined,
  }))
    vi.stubEnv(name, value);
  const folder = await tempFolder();
  const env = { AWS_SHARED_CREDENTIALS_FILE: join(folder, "none"), AWS_CONFIG_FILE: join(folder, "none") };
  const none = { accessKeyId: undefined, secretAccessKey: undefined };
  const error = await errorOf(() => openStore(none, env).open("a", never));
  expect(error).toMatchObject({
    code: "store-denied",
    exitCode: 4,
    hints: [expect.stringContaining("s3.access_key_id")],
  });
});

test("a certificate that nobody vouches for is refused, and taken with its authority named", async ({ skip }) => {
  const folder = await tempFolder();
  const [certificate, privateKey] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", privateKey];
  try {
    await mustSucceed("openssl", [...request, "-out", certificate, ...subject]);
  } catch {
    return skip("there is no openssl");
  }
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(privateKey) }, (_, answer) => {
    answer.writeHead(200, { "content-length": "7", "last-modified": new Date(0).toUTCString() }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`;
  const refused = await errorOf(() => openStore({ endpoint }).stat("a", never));
  expect(refused).toMatchObject({ code: "store-failed", hints: [expect.stringContaining("s3.ca_file")] });
  expect(await openStore({ endpoint, caFile: certificate }).stat("a", never)).toMatchObject({ sizeBytes: 7 });
  const missing = await errorOf(() => openStore({ endpoint, caFile: join(folder, "none") }).stat("a", never));
  expect(missing).toMatchObject({ code: "s3-ca-file", exitCode: 2 });
});
