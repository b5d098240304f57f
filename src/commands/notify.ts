import { loadSettings } from "../config/settings.ts";
import { ExitCode, UsageError } from "../errors.ts";
import { sendTestNotice } from "../operations/runs/test-notice.ts";
import { printable } from "../terminal/printable.ts";
import type { CommandContext } from "./command.ts";
import type { NotifyFlags } from "./notify.command.ts";

/** `notify --test`: a notification by every channel, and what became of it. */
export default async function notify(this: CommandContext, flags: NotifyFlags): Promise<void> {
  if (!flags.test)
    throw new UsageError("no-test", "runs send notifications by themselves; a trial asks for --test", {
      hints: [`${this.calledAs} notify --test`],
    });
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const deliveries = await sendTestNotice(settings, this.now(), "Somebody has called ngwbackup notify --test.");
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
