import { appendFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { hasRclone } from "../fixtures/rclone.ts";
import { type CliResult, runCli } from "../fixtures/run-cli.ts";
import { moto } from "../fixtures/s3/moto.ts";
import { createTestInstance } from "../fixtures/test-instance.ts";
import { s3Place, sftpPlace } from "../stores/chains/chain-place.ts";

const server = await moto();

describe("a store as the configured place for archives", () => {
  test.skipIf(server === undefined)(
    "is what every command takes that is given no other (S3)",
    async () => {
      const place = await s3Place(server!);
      const instance = await createTestInstance();
      try {
        await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
        // Without a slash at its end.
        const daily = `${place.root}daily`;
        appendFileSync(instance.config[1], ["[ngwbackup]", ...place.options, `place = ${daily}`, ""].join("\n"));
        const run = async (hour: number, command: string, ...args: string[]): Promise<CliResult> => {
          const now = new Date(Date.UTC(2026, 0, 1, hour));
          return await runCli([command, ...instance.config, ...args], { now, cwd: instance.folder });
        };
        const done = async (hour: number, command: string, ...args: string[]): Promise<string> => {
          const result = await run(hour, command, ...args);
          expect(result.exitCode, result.stderr).toBe(0);
          return result.stdout;
        };
        const url = (hour: number): string => `${daily}/20260101-0${hour}0000.ngwbackup`;
        expect(await done(1, "check")).toMatch(/^ok +.*daily can be listed: 0 archives$/m);
        expect((await run(1, "verify", "latest")).stderr).toContain(`there is no archive in ${daily}`);
        expect(await done(1, "backup")).toBe(`${url(1)}\n`);
        expect(await done(2, "backup", "--base", "latest")).toBe(`${url(2)}\n`);
        expect(await done(3, "backup", "--dry-run")).toBe("");
        expect(await done(2, "verify", "latest")).toBe(`ok ${url(2)}\n`);
        expect(await done(2, "list")).toMatch(new RegExp(`${url(2)}\n.*${url(1)}\n`));
        expect(await done(2, "status")).toContain(`: ${url(2)}`);
        // No history, as on another machine.
        rmSync(join(instance.sdir, ".ngwbackup"), { recursive: true });
        expect((await run(2, "status")).stdout).toContain(`: ${url(2)}`);
        expect(await done(3, "consolidate", url(2))).toBe(`${url(3)}\n`);
        // It is of the same moment, and makes the others superfluous.
        expect(await done(3, "verify", "latest")).toBe(`ok ${url(3)}\n`);
        expect(await done(4, "prune", "--keep-last", "1")).toContain(url(1));
        expect(await place.names()).toEqual(["daily/20260101-030000.ngwbackup"]);
        expect(await done(4, "extract", "--list", "latest")).toContain("table:public.resource");
        expect(await done(4, "schedule", "--units")).not.toContain("s3:");
        const refused = await run(4, "backup", "--no-zip");
        expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
        expect(existsSync(instance.backupFolder)).toBe(false);
        expect(existsSync(join(instance.folder, "s3:"))).toBe(false);
      } finally {
        await instance.drop();
      }
    },
    300_000,
  );

  test.skipIf(!hasRclone())(
    "may be one of rclone, and is told when it cannot be listed",
    async () => {
      const place = await sftpPlace();
      const instance = await createTestInstance();
      try {
        await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
        const lines = ["[ngwbackup]", ...place.options, `place = ${place.root}ngw`, "keep.last = 1", ""];
        appendFileSync(instance.config[1], lines.join("\n"));
        const first = await runCli(["backup", ...instance.config], { now: new Date(Date.UTC(2026, 0, 1)) });
        expect(first).toMatchObject({ exitCode: 0, stdout: `${place.root}ngw/20260101-000000.ngwbackup\n` });
        const second = await runCli(["backup", ...instance.config, "--prune"], { now: new Date(Date.UTC(2026, 0, 2)) });
        expect(second.exitCode, second.stderr).toBe(0);
        expect(await place.names()).toEqual(["ngw/20260102-000000.ngwbackup"]);
        const env = { NEXTGISWEB__NGWBACKUP__PLACE: "rclone:no-such-remote:x" };
        const checked = await runCli(["check", ...instance.config], { env });
        expect(checked.exitCode).toBe(4);
        expect(checked.stdout).toMatch(/^fail +.*no-such-remote/m);
      } finally {
        await instance.drop();
      }
    },
    300_000,
  );
});
