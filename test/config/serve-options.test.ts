import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ServeSettings } from "../../src/config/serve-options.ts";
import { loadSettings } from "../../src/config/settings.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

test("options of the page have their defaults", async () => {
  expect(await serve("")).toEqual({
    listen: { host: "127.0.0.1", port: 8487 },
    basePath: "/",
    tls: undefined,
    places: [],
    metrics: "signed-in",
  });
});

test.for([
  ["serve.listen = [::1]:0", { listen: { host: "::1", port: 0 } }],
  ["serve.listen = localhost:80", { listen: { host: "localhost", port: 80 } }],
  ["serve.base_path = backup", { basePath: "/backup/" }],
  ["serve.base_path = /maps/backup", { basePath: "/maps/backup/" }],
  ["serve.places = /mnt/a, s3://bucket/b", { places: ["/mnt/a", "s3://bucket/b"] }],
  ["serve.metrics = open", { metrics: "open" }],
] as const)("%s is understood", async ([line, expected]) => {
  expect(await serve(line)).toMatchObject(expected);
});

test.for([
  ["serve.listen = 8487", "expected HOST:PORT"],
  ["serve.listen = 127.0.0.1:65536", "expected HOST:PORT"],
  ["serve.listen = ::1:80", "expected HOST:PORT"],
  ["serve.base_path = /a/../b/", "expected a path such as /backup/"],
  ['serve.base_path = /a"b/', "expected a path such as /backup/"],
  ["serve.metrics = all", "expected one of signed-in, open"],
  ["serve.tls_cert = cert.pem", "belong together"],
] as const)("%s is refused", async ([line, message]) => {
  await expect(serve(line)).rejects.toThrow(message);
});

test("files of TLS are made absolute", async () => {
  const { tls } = await serve("serve.tls_cert = cert.pem\nserve.tls_key = /etc/key.pem");
  expect(tls).toEqual({ certPath: expect.stringMatching(/^\/.*\/cert\.pem$/), keyPath: "/etc/key.pem" });
});

test("what is secret in places is not shown", async () => {
  const cwd = await tempFolder();
  const places = "s3://AKIA:topsecret@bucket/a/, rclone::webdav,pass=topsecret:x/, /mnt/a";
  await writeFile(join(cwd, "config.ini"), `[ngwbackup]\nserve.places = ${places}\n`);
  const { values } = await loadSettings({ env: {}, cwd, configPaths: [] });
  expect(values.find(({ option }) => option === "serve.places")?.value).toBe(
    "s3://...@bucket/a/, rclone::webdav, ..., /mnt/a",
  );
});

async function serve(lines: string): Promise<ServeSettings> {
  const cwd = await tempFolder();
  await writeFile(join(cwd, "config.ini"), `[ngwbackup]\n${lines}\n`);
  return (await loadSettings({ env: {}, cwd, configPaths: [] })).serve;
}
