import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { afterRestore, differences } from "../../src/demo/differences.ts";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { filesBelow, hasRclone, makeRemote } from "../fixtures/rclone.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { createTestInstance } from "../fixtures/test-instance.ts";

describe.skipIf(!hasRclone())("an instance on a remote of rclone", () => {
  test("is backed up, verified, listed and restored without a local copy", async () => {
    const remote = await makeRemote("webdav");
    const instance = await createTestInstance({ extraConfig: `[ngwbackup]\nrclone.config = ${remote.configPath}` });
    try {
      await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
      const before = await instance.fingerprint();
      const url = `${remote.root}ngw/a.ngwbackup`;
      expect(await runCli(["backup", ...instance.config, "--one-shot", url])).toMatchObject({
        exitCode: 0,
        stdout: `${url}\n`,
      });
      expect(await runCli(["backup", ...instance.config, url])).toMatchObject({ exitCode: 4, stdout: "" });
      expect(await runCli(["verify", ...instance.config, url])).toMatchObject({ exitCode: 0, stdout: `ok ${url}\n` });
      expect((await runCli(["list", ...instance.config, `${remote.root}ngw/`])).stdout).toMatch(
        /complete +rclone:test:ngw\/a/,
      );
      await withClient(instance.database.settings, (client) => client.query("drop schema vector_layer cascade"));
      expect(await runCli(["restore", ...instance.config, "--yes", "--keep-previous", "0", url])).toMatchObject({
        exitCode: 0,
      });
      expect(differences(afterRestore(before), await instance.fingerprint())).toEqual([]);
      // One that stops on the way leaves nothing.
      writeFileSync(join(instance.folder, "stop.ini"), "[ngwbackup]\nrclone.path = /no/such/rclone\n");
      const gone = await runCli([
        "backup",
        ...instance.config,
        "--config",
        join(instance.folder, "stop.ini"),
        `${url}2`,
      ]);
      expect(gone).toMatchObject({ exitCode: 4, stdout: "" });
      expect(gone.stderr).toContain("the program rclone was not found");
      expect(filesBelow(remote.folder)).toEqual(["ngw/a.ngwbackup"]);
    } finally {
      await instance.drop();
    }
  });
});
