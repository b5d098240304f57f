import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { ensurePage } from "../../scripts/page.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { startHookServer } from "../fixtures/hook-server.ts";
import { withClient } from "../fixtures/postgres.ts";
import { databaseSecret } from "../fixtures/secret.ts";
import { type SystemdMachine, bootSystemd, whyNoSystemd } from "../fixtures/systemd/machine.ts";
import { createTestInstance } from "../fixtures/test-instance.ts";

const root = join(import.meta.dirname, "../..");
const obstacle = await whyNoSystemd();
const because = obstacle === undefined ? "" : `, skipped: ${obstacle}`;

/** Who the page calls ngw: somebody without rights, who is everywhere. */
const uid = 1;
/** Where the machine has the test's folder. */
const place = "/srv/ngw";

test.skipIf(obstacle !== undefined)(
  `the page walks to backups that look after themselves${because}`,
  async () => {
    await ensurePage();
    const hook = await startHookServer();
    const instance = await createTestInstance();
    let machine: SystemdMachine | undefined;
    try {
      const { folder, database, sdir } = instance;
      await createInstance({ settings: database.settings, sdir, scale: tinyScale });
      await withClient(database.admin, (client) =>
        client.query(`ALTER ROLE ${database.role} PASSWORD '${databaseSecret}'`),
      );
      for (const name of ["backup", "metrics", "tmp"]) mkdirSync(join(folder, name));
      const configPath = join(folder, "set-up.ini");
      writeFileSync(
        configPath,
        [
          "[core]",
          `sdir = ${place}/data`,
          "database.host = 127.0.0.1",
          `database.port = ${database.settings.port}`,
          `database.name = ${database.name}`,
          `database.user = ${database.role}`,
          `database.password = ${databaseSecret}`,
          `backup.path = ${place}/backup`,
          `backup.tmpdir = ${place}/tmp`,
          "",
        ].join("\n"),
        { mode: 0o600 },
      );
      for (const name of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })])
        chownSync(join(folder, name), uid, uid);
      chmodSync(folder, 0o755);
      const booted = await bootSystemd();
      if (typeof booted === "string") throw new Error(booted);
      machine = booted;
      expect(await booted.run("mount", "--bind", folder, place)).toMatchObject({ exitCode: 0 });
      const words: [string, string][] = [
        ["/opt/ngw/config/", `${place}/`],
        ["https://ntfy.example.org", hook.origin],
        ["/var/lib/prometheus/node-exporter/", `${place}/metrics/`],
      ];
      const walk = async (commands: string, who: "ngw" | "root", stdin = ""): Promise<string> => {
        const asUser = who === "root" ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
        const env = [
          "env",
          `NEXTGISWEB_CONFIG=${place}/set-up.ini`,
          "NGWBACKUP_NODE=/opt/node",
          "PATH=/opt/ngwbackup/bin:/usr/bin:/bin",
        ];
        // Like a terminal's: what is asked for is answered.
        const script = `cd ${place}\n${replaced(commands, words)}`;
        const said = await booted.run(...asUser, ...env, "sh", "-euc", `printf '%s' "$0" | (${script}\n)`, stdin);
        expect(said.exitCode, said.stdout + said.stderr).toBe(0);
        return said.stdout + said.stderr;
      };
      const { blocks, configuration } = readPage();
      const [key, tries, schedule, password, page] = blocks as [string, string, string, string, string];
      words.push(["age1...", /age1[0-9a-z]{50,}/.exec(await walk(key, "ngw"))?.[0] ?? "no public key"]);
      appendFileSync(configPath, `${replaced(configuration, words)}serve.listen = 127.0.0.1:${await freePort()}\n`);

      const tried = await walk(tries, "ngw");
      expect(tried).toMatch(/^ok \/srv\/ngw\/backup\/\S+\.age$/m);
      expect(tried).toMatch(/^sound: /m);
      expect(hook.requests).toHaveLength(1);
      const [archive] = readdirSync(join(folder, "backup")).filter((name) => name.endsWith(".age"));
      expect(
        readFileSync(join(folder, "backup", archive!))
          .subarray(0, 21)
          .toString(),
      ).toBe("age-encryption.org/v1");

      const scheduled = await walk(schedule, "root");
      for (const job of ["backup", "verify", "drill", "prune", "status"]) {
        const active = await booted.run("systemctl", "is-active", `ngwbackup-${job}.timer`);
        expect(active.stdout, job).toBe("active\n");
      }
      expect(scheduled).toMatch(/next runs: .*backup 20/);
      expect(readFileSync(join(folder, "metrics", "ngwbackup.prom"), "utf8")).toContain("ngwbackup_");

      await walk(password, "ngw", "correct horse battery\n");
      await walk(page, "root");
      expect(await overviewOf(readFileSync(configPath, "utf8"), booted)).toMatchObject({
        lastBackup: { isGone: false, losses: 0 },
        lastRuns: expect.arrayContaining([expect.objectContaining({ kind: "drill", last: expect.anything() })]),
      });
    } finally {
      await machine?.stop();
      await instance.drop();
    }
  },
  300_000,
);

/** Signs in to the page of the service, and asks it how things stand. */
async function overviewOf(configuration: string, machine: SystemdMachine): Promise<unknown> {
  const origin = `http://${/^serve\.listen = (.*)$/m.exec(configuration)?.[1]}`;
  for (;;) {
    const isUp = await fetch(`${origin}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) break;
    const state = await machine.run("systemctl", "is-active", "ngwbackup-serve.service");
    expect(state.stdout).not.toBe("failed\n");
    await sleep(100);
  }
  expect(await (await fetch(`${origin}/`)).text()).toContain("<html");
  const signIn = await fetch(`${origin}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify({ user: "admin", password: "correct horse battery" }),
  });
  expect(signIn.status).toBe(200);
  const cookie = signIn.headers.getSetCookie()[0]!.split(";")[0]!;
  return await (await fetch(`${origin}/api/overview`, { headers: { cookie } })).json();
}

/** The commands of the page, a text a block, and its configuration. */
function readPage(): { blocks: string[]; configuration: string } {
  const text = readFileSync(join(root, "docs/set-up.md"), "utf8");
  const of = (language: string): string[] =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map((match) => match[1]!);
  const [blocks, configurations] = [of("sh"), of("ini")];
  expect([blocks.length, configurations.length]).toEqual([5, 1]);
  return { blocks, configuration: configurations[0]! };
}

function replaced(text: string, words: readonly [string, string][]): string {
  return words.reduce((sofar, [word, real]) => sofar.replaceAll(word, real), text);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}
