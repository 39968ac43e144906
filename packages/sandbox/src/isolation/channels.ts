/**
 * The socketpairs between a bridge and its wall, by file descriptor.
 *
 *   bridge 3 stdin ───► wall 0      bridge 6 command ─► wall 3   NUL-ended argv, then end(): the wall is raised and runs it
 *   bridge 4 stdout ◄── wall 1      bridge 7 status ◄── wall 4   JSON lines: {"child-pid"}, then {"exit-code"}
 *   bridge 5 stderr ◄── wall 2      bridge 8 leash ──── wall 5   held open, never written; its end kills all inside
 *
 * Launchers get more: a channel on which they say `ok` or what went wrong (closed before anything else runs) and,
 * for the wall, the files with bubblewrap's options and the system call filter.
 */

/** Descriptors of the bridge. */
export const bridgeChannels = { stdin: 3, stdout: 4, stderr: 5, command: 6, status: 7, leash: 8, ready: 9 } as const;

/** Descriptors of the wall's launcher. */
export const wallChannels = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  command: 3,
  status: 4,
  leash: 5,
  ready: 6,
  options: 7,
  filter: 8,
} as const;
