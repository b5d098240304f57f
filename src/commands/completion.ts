import type { CommandContext, CommonFlags } from "./command.ts";
import type { Shell } from "./completion.command.ts";

/** `completion SHELL`: prints a script that asks `__complete` for proposals. */
export default async function completion(this: CommandContext, _flags: CommonFlags, shell: Shell): Promise<void> {
  const script = scripts[shell];
  this.output.finish({ shell, script }, script);
}

const bash = `_ngwbackup() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [ "\${#COMPREPLY[@]}" -gt 0 ] || compopt -o default 2>/dev/null
}
complete -o default -F _ngwbackup ngwbackup
`;

const scripts: Record<Shell, string> = {
  bash,
  zsh: `autoload -Uz compinit bashcompinit && compinit && bashcompinit\n${bash}`,
  fish: "complete -c ngwbackup -a '(ngwbackup __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n",
};
