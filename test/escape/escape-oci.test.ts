/** The escape suite behind an OCI runtime. */
import { existsSync } from 'node:fs';
import { test } from 'vitest';
import { escapeSuite } from './suite.ts';

const isRoot = process.getuid?.() === 0;
const hasRuntime = ['/usr/sbin/runc', '/usr/bin/runc', '/usr/bin/crun'].some((path) => existsSync(path));
const why = isRoot ? 'neither runc nor crun is installed' : 'it maps kernel users, which only root may';

if (isRoot && hasRuntime) escapeSuite({ ASH_ISOLATION: 'oci' });
else {
  console.warn(`oci: not tested, ${why}`);
  test.skip(`oci: ${why}`, () => undefined);
}
if (!existsSync('/usr/bin/runsc'))
  console.warn('oci by runsc (gVisor): not tested, it is not installed and takes no descriptors');
