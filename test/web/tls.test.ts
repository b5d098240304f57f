import { execFileSync } from "node:child_process";
import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { followTls, readTls } from "../../src/web/serving/tls-files.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { webInstance, webPassword, WebClient } from "../fixtures/web-server.ts";

test("over TLS of our own the cookie is tied to the host, and browsers are told to stay with TLS", async () => {
  const files = certificate(await tempFolder(), "one");
  const { start } = await webInstance(
    { admin: "operator" },
    `serve.tls_cert = ${files.certPath}\nserve.tls_key = ${files.keyPath}`,
  );
  const { url } = await start();
  expect(url).toMatch(/^https:/);
  const { status, headers } = await post(`${url}api/session`, { user: "admin", password: webPassword });
  expect(status).toBe(200);
  expect(headers["set-cookie"]?.[0]).toMatch(
    /^__Host-ngwbackup=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  expect(headers["strict-transport-security"]).toBe("max-age=31536000");
});

test("behind a proxy of this machine that speaks TLS the cookie is for TLS only", async () => {
  const { start } = await webInstance({ admin: "operator" }, "serve.base_path = /backup/");
  const { url } = await start();
  const client = new WebClient(url, { "x-forwarded-proto": "https" });
  const { headers } = await client.signIn("admin");
  expect(headers.getSetCookie()[0]).toMatch(
    /^__Secure-ngwbackup=[^;]+; .*Path=\/backup\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  expect((await client.get("api/session")).status).toBe(200);
  // One that could have been set by somebody on the way does not count.
  client.cookie = client.cookie!.replace("__Secure-", "");
  expect((await client.get("api/session")).status).toBe(401);
});

test("a certificate that is renewed is taken over; one that cannot be used is told of, and the old one stays", async () => {
  const folder = await tempFolder();
  const [one, two] = [certificate(folder, "one"), certificate(folder, "two")];
  const paths = { certPath: join(folder, "cert.pem"), keyPath: join(folder, "key.pem") };
  const put = ({ certPath, keyPath }: typeof paths): void => {
    copyFileSync(keyPath, `${paths.keyPath}.new`);
    copyFileSync(certPath, `${paths.certPath}.new`);
    renameSync(`${paths.keyPath}.new`, paths.keyPath);
    renameSync(`${paths.certPath}.new`, paths.certPath);
  };
  put(one);
  const server = createServer(await readTls(paths));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const problems: unknown[] = [];
  const stop = followTls(server, paths, (error) => problems.push(error), 10);
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  expect(await nameOf(port)).toBe("one");
  put(two);
  await expect.poll(async () => await nameOf(port), { timeout: 30_000 }).toBe("two");
  writeFileSync(paths.certPath, "no certificate");
  await expect.poll(() => problems.length, { timeout: 30_000 }).toBeGreaterThan(0);
  expect(await nameOf(port)).toBe("two");
});

/** A certificate of its own for a name. */
function certificate(folder: string, name: string): { certPath: string; keyPath: string } {
  const [certPath, keyPath] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"].concat([
      "-subj",
      `/CN=${name}`,
      "-keyout",
      keyPath,
      "-out",
      certPath,
    ]),
    { stdio: "pipe" },
  );
  return { certPath, keyPath };
}

async function nameOf(port: number): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    }).on("error", reject);
  });
}

async function post(
  url: string,
  body: unknown,
): Promise<{ status: number | undefined; headers: NodeJS.Dict<string[] | string> & { "set-cookie"?: string[] } }> {
  return await new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: "POST", rejectUnauthorized: false, headers: { "content-type": "application/json" } },
      (response) => {
        response.resume();
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers }));
      },
    );
    call.on("error", reject);
    call.end(JSON.stringify(body));
  });
}
