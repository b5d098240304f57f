import { loadSettings } from "../config/settings.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext, CommonFlags } from "./command.ts";

/** `config`: the effective options with the source of each, secrets masked; with `--json` a line an option. */
export default async function config(this: CommandContext, flags: CommonFlags): Promise<void> {
  const { files, values } = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  if (this.output.json) {
    for (const value of values) this.stdout.write(`${JSON.stringify({ type: "option", ...value })}\n`);
  }
  const rows = values.map(({ section, option, value, source }) => [`${section}.${option}`, value ?? "-", source]);
  this.output.finish(
    { command: "config", files, options: values.length },
    formatTable([{ title: "option" }, { title: "value" }, { title: "source" }], rows),
  );
}
