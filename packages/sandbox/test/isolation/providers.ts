/** Every provider with walls that this machine has; for those that it hasn't, the reason is printed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createBubblewrapIsolation } from '../../src/isolation/bubblewrap.ts';
import type { Isolation } from '../../src/isolation/isolation.ts';
import { createOciIsolation, type OciRuntimeName } from '../../src/isolation/oci.ts';
import { isRoot } from './harness.ts';

export interface Provider {
  /** For people; what `fixtures/server.ts` takes. */
  title: string;
  name: Isolation['name'];
  make(options: { stateDir: string; cgroups?: boolean }): Promise<Isolation>;
}

const programs: Record<OciRuntimeName, string> = {
  ...{ runc: '/usr/sbin/runc', crun: '/usr/bin/crun', runsc: '/usr/bin/runsc' },
};

/** Debian's gVisor is of 2022, which is refused. */
const isTooOld = (program: string) =>
  /\b20(1\d|2[0-2])\d{4}\b/.test(execFileSync(program, ['--version'], { encoding: 'utf8' }));

function ociProviders(): Provider[] {
  if (!isRoot) {
    console.warn('oci: not tested, it maps kernel users, which only root may');
    return [];
  }
  return (Object.keys(programs) as OciRuntimeName[]).flatMap((runtime) => {
    if (!existsSync(programs[runtime])) {
      console.warn(`oci by ${runtime}: not tested, ${programs[runtime]} is not installed`);
      return [];
    }
    if (runtime === 'runsc' && isTooOld(programs.runsc)) {
      console.warn('oci by runsc: not tested, the gVisor that is installed is too old to run agents');
      return [];
    }
    return [
      {
        title: `oci by ${runtime}`,
        name: 'oci' as const,
        make: (options: { stateDir: string; cgroups?: boolean }) => createOciIsolation({ ...options, runtime }),
      },
    ];
  });
}

export const providers: readonly Provider[] = [
  { title: 'bubblewrap', name: 'bubblewrap', make: createBubblewrapIsolation },
  ...ociProviders(),
];
