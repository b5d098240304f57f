import { hostname } from "node:os";
import { loadSettings } from "../config/settings.ts";
import { ExitCode, UsageError } from "../errors.ts";
import { blankFields } from "../notifications/notice.ts";
import { deliver } from "../notifications/deliver.ts";
import { isEmpty } from "../notifications/settings.ts";
import { printable } from "../terminal/printable.ts";
import { toolVersion } from "../version.ts";
import type { CommandContext } from "./command.ts";
import type { NotifyFlags } from "./notify.command.ts";

/** `notify --test`: a notification by every channel, and what became of it. */
export default async function notify(this: CommandContext, flags: NotifyFlags): Promise<void> {
  if (!flags.test)
    throw new UsageError("no-test", "runs send notifications by themselves; a trial asks for --test", {
      hints: [`${this.calledAs} notify --test`],
    });
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const { channels } = settings.runs;
  if (isEmpty(channels))
    throw new UsageError(
      "no-channel",
      "nobody is to be told: neither mail.to nor webhook.url is configured, nor one with a name",
      {
        hints: ["set one of them in section [ngwbackup] of the configuration"],
      },
    );
  const host = hostname();
  const deliveries = await deliver(
    channels,
    {
      event: "success",
      title: `ngwbackup: a test from ${host}`,
      text: "Somebody has called ngwbackup notify --test. Notifications arrive.",
      fields: {
        ...blankFields,
        command: "notify",
        state: "done",
        host,
        database: settings.database.database ?? "",
        started_at: this.now().toISOString(),
        version: toolVersion,
      },
    },
    true,
  );
  const lines = deliveries.map(({ name, error }) =>
    error === undefined ? `ok    ${printable(name)}\n` : `fail  ${printable(error.message)}\n`,
  );
  this.output.finish(
    {
      command: "notify",
      channels: deliveries.map(({ name, error }) => ({ name, ok: error === undefined, error: error?.message ?? null })),
    },
    lines.join(""),
  );
  if (deliveries.some(({ error }) => error !== undefined)) this.setExitCode(ExitCode.failed);
}
