import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";

/** Shells that a completion script can be printed for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** Name of one of {@link shells}. */
export type Shell = (typeof shells)[number];

/** `completion SHELL` in the command table. */
export const completionCommand = buildCommand({
  loader: lazyCommand<CommonFlags, [shell: Shell]>(() => import("./completion.ts")),
  parameters: {
    flags: commonFlags,
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse(value: string): Shell {
            const shell = shells.find((name) => name === value);
            if (shell === undefined) throw new Error(`expected one of ${shells.join(", ")}`);
            return shell;
          },
          placeholder: "SHELL",
          brief: "bash, zsh or fish",
          proposeCompletions: (partial: string) => shells.filter((name) => name.startsWith(partial)),
        },
      ],
    },
  },
  docs: {
    brief: "Print the completion script of a shell",
    fullDescription: [
      "Examples:",
      "  ngwbackup completion bash > /etc/bash_completion.d/ngwbackup",
      "  ngwbackup completion fish > ~/.config/fish/completions/ngwbackup.fish",
      '  eval "$(ngwbackup completion zsh)"                 in ~/.zshrc',
    ].join("\n"),
  },
});
