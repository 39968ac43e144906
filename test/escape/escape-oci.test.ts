/** The escape suite behind an OCI runtime. */
import { test } from 'vitest';
import { whyNoOci } from './oci-here.ts';
import { escapeSuite } from './suite.ts';

const why = whyNoOci();

if (why === undefined) escapeSuite({ ASH_ISOLATION: 'oci' });
else {
  console.warn(`oci: not tested, ${why}`);
  test.skip(`oci: ${why}`, () => undefined);
}
