import { runDemo } from "../demo/walk-through/run-demo.ts";
import type { CommandContext } from "./command.ts";
import type { DemoFlags } from "./demo.command.ts";

const nextSteps = `
Where to look next
  README.md                    every day, and the bad day
  docs/operations.md           setting up your instance, timers, disaster recovery
  ngwbackup check              what your own instance would fail at
  ngwbackup restore --dry-run  what a restore would do
`;

/** `demo`: its walk-through goes to stdout; with `--json` nothing but the summary does, with the time of each step. */
export default async function demo(this: CommandContext, flags: DemoFlags): Promise<void> {
  const isSilent = flags.json || flags.quiet;
  const { steps } = await runDemo({
    env: this.env,
    signal: this.signal,
    isRoot: this.isRoot,
    isServed: flags.serve,
    print: (line) => {
      if (!isSilent) this.stdout.write(`${line}\n`);
    },
  });
  this.output.finish({ command: "demo", steps }, isSilent ? undefined : nextSteps);
}
