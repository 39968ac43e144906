/** Whether this machine can raise walls by an OCI runtime, and if not, why. */
import { existsSync } from 'node:fs';

export function whyNoOci(): string | undefined {
  if (process.getuid?.() !== 0) return 'it maps kernel users, which only root may';
  const here = ['/usr/sbin/runc', '/usr/bin/runc', '/usr/bin/crun'].some((path) => existsSync(path));
  return here ? undefined : 'neither runc nor crun is installed';
}
