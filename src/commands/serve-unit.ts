import type { Settings } from "../config/settings.ts";
import { UsageError } from "../errors.ts";
import { planServe } from "../operations/schedule/plan-serve.ts";
import { serveService, serveSocket } from "../schedule/serve-units.ts";
import type { CommandContext } from "./command.ts";

/**
 * `serve --print-unit` and `--print-socket`.
 * @throws UsageError when there is no configuration that a service could find
 */
export async function printServeUnit(command: CommandContext, settings: Settings, isSocket: boolean): Promise<void> {
  if (settings.files.length === 0)
    throw new UsageError("no-configuration", "a service finds no configuration by itself, and none was named", {
      hints: [`${command.calledAs} serve --print-unit --config /opt/ngw/config/config.ini`],
    });
  const plan = await planServe(settings, command);
  const file = `${plan.name}-serve.${isSocket ? "socket" : "service"}`;
  const unit = isSocket ? serveSocket(plan) : serveService(plan);
  command.output.note(`this belongs into /etc/systemd/system/${file}; then: systemctl enable --now ${file}\n`);
  command.output.finish({ command: "serve", file, unit }, unit);
}
