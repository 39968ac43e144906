/** What is enforced on this machine, as a table for people: `ash doctor` prints it. */
import type { Enforced } from '@ash-ai/shared/contract';

/** One line of the table. */
export interface Description {
  what: string;
  /** What holds it; "nothing" when nothing does. */
  by: string;
  ok: boolean;
  /** What follows from it, when it isn't as it should be. */
  means?: string;
}

const names = {
  cgroup2: 'cgroup 2',
  cgroup1: 'cgroup 1',
  rlimit: 'a limit per sandbox (rlimit)',
  image: 'a disk of its own',
  watchdog: 'a look every few seconds',
  'pid-namespace': 'the pid namespace',
  'process-group': 'the process group',
  none: 'nothing',
} as const;

/** The table for an isolation and what its runner has found to be enforced. */
export function describeIsolation(isolation: string, enforced: Enforced): Description[] {
  const wall = (held: boolean, by: string, means: string): Omit<Description, 'what'> =>
    held ? { by, ok: true } : { by: 'nothing', ok: false, means };
  const limit = (by: keyof typeof names, means: string): Omit<Description, 'what'> =>
    by === 'none' || by === 'process-group' ? { by: names[by], ok: false, means } : { by: names[by], ok: true };
  const { memory, pids, cpu, disk, kill, files, network, syscalls, privateUids } = enforced;
  return [
    { what: 'files of the host and of others', ...wall(files, isolation, 'agents read what the server reads') },
    { what: 'network', ...wall(network, 'a namespace with loopback alone', 'agents reach what the server reaches') },
    { what: 'system calls', ...wall(syscalls, 'a filter', 'agents may ask the kernel for anything') },
    {
      what: 'kernel users of its own',
      ...wall(privateUids, 'two uids per sandbox', 'sandboxes are kept apart by namespaces alone; start it as root'),
    },
    { what: 'memory', ...limit(memory, 'one agent can use up the memory; cgroups are missing or not delegated') },
    { what: 'processes', ...limit(pids, 'one agent can use up the process table') },
    { what: 'processor time', ...limit(cpu, 'one agent can take all of it; cgroups are missing or not delegated') },
    { what: 'disk', ...limit(disk, 'one agent can fill the disk') },
    { what: 'end of everything inside', ...limit(kill, 'what detaches itself lives on') },
  ];
}
