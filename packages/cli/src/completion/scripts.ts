/** What a shell loads to complete `ash`: a few lines that ask the program itself. */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const scripts: Readonly<Record<Shell, string>> = {
  bash: `_ash() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(ash __complete bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _ash ash
`,
  zsh: `#compdef ash
_ash() {
  local -a found
  found=("\${(@f)$(ash __complete zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then _describe -V ash found; else _files; fi
}
if [[ "$funcstack[1]" = _ash ]]; then _ash "$@"; else compdef _ash ash; fi
`,
  fish: `function __ash_complete
  set -l words (commandline -opc) (commandline -ct)
  ash __complete fish $words[2..-1] 2>/dev/null
end
complete -c ash -a '(__ash_complete)'
`,
};

/** Where the lines go. */
export const howToInstall: Readonly<Record<Shell, string>> = {
  bash: 'source <(ash completion bash)    # in ~/.bashrc',
  zsh: 'source <(ash completion zsh)    # in ~/.zshrc, after compinit',
  fish: 'ash completion fish > ~/.config/fish/completions/ash.fish',
};

/** A candidate as the shell reads it. */
export function lineFor(shell: Shell, { value, description }: { value: string; description: string }): string {
  const told = description.replace(/\s+/g, ' ');
  if (shell === 'bash') return value;
  if (shell === 'fish') return `${value}\t${told}`;
  return `${value.replaceAll(':', '\\:')}:${told}`;
}
