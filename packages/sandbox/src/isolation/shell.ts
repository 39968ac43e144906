/** Pieces of shell text for the launchers; every value that enters a text goes through `quote`. */

export const bash = ['/usr/bin/bash', '--noprofile', '--norc', '-c'] as const;

/** The only environment that launchers have. */
export const launcherEnv = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } as const;

export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

/**
 * Closes what the server itself inherited from its own parent: Node marks only the lowest of those close-on-exec,
 * so that a descriptor such as 251 would reach the agent. `last` is the highest one that the launcher needs.
 */
export function closeAbove(last: number): string {
  return `for fd in /proc/self/fd/*; do fd=\${fd##*/}; [ "$fd" -gt ${last} ] && eval "exec $fd<&-"; done`;
}

/** Puts the shell itself, and so all that follows, into the groups. */
export function joinGroups(dirs: readonly string[]): string[] {
  return dirs.map((dir) => `echo $$ > ${quote(`${dir}/cgroup.procs`)} || exit 97`);
}

/** Command words that switch to a uid without any privilege left, or just drop what there is. */
export function dropTo(uid: number | undefined): string[] {
  if (uid === undefined) return ['setpriv', '--no-new-privs'];
  const id = String(uid);
  return [
    ...['setpriv', '--reuid', id, '--regid', id, '--clear-groups'],
    ...['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'],
  ];
}

/** A launcher's text as a command. */
export function launcher(script: string) {
  const [file, ...args] = bash;
  return { file, args: [...args, script], env: launcherEnv, cwd: '/' };
}
