/** A frozen sandbox stands still, goes on when thawed, and dies frozen as well. */
import { describe, expect, it } from 'vitest';
import { detectCgroups } from '../../src/isolation/cgroup-host.ts';
import { createProcessIsolation } from '../../src/isolation/process.ts';
import { launched, sandboxIn, tempDir } from './harness.ts';
import { providers } from './providers.ts';

const host = await detectCgroups();
const canFreeze = host.v2?.kill === true;
if (!canFreeze) console.warn('freeze: not tested, this machine has no cgroup 2 to make groups in');

describe.each(providers)('$title', (provider) => {
  async function counting() {
    const isolation = await provider.make({ stateDir: await tempDir() });
    const { record, bridge } = await launched(isolation, await sandboxIn(await tempDir()));
    bridge.run(['/bin/bash', '--norc', '-c', 'while read -r line; do echo "got $line"; done']);
    const echoes = async (text: string) => {
      bridge.say({ do: 'write', text: `${text}\n` });
      await bridge.until(() => bridge.text('stdout').includes(`got ${text}`));
    };
    await echoes('one');
    return { isolation, record, bridge, echoes };
  }

  it.runIf(canFreeze)('stands still and goes on', async () => {
    const { isolation, record, bridge, echoes } = await counting();
    expect(await isolation.setFrozen(record, true)).toBe(true);
    bridge.say({ do: 'write', text: 'frozen\n' });
    // The bridge goes on: it answers, and what is inside does not.
    bridge.say({ do: 'self' });
    await bridge.told1('self');
    expect(bridge.text('stdout')).not.toContain('got frozen');
    expect(await isolation.setFrozen(record, false)).toBe(true);
    await echoes('two');
    expect(bridge.text('stdout')).toContain('got frozen');
  });

  it.runIf(canFreeze)('can be destroyed frozen', async () => {
    const { isolation, record } = await counting();
    await isolation.setFrozen(record, true);
    await isolation.destroy(record);
    expect(await isolation.isAlive(record)).toEqual({ bridge: false, wall: false });
  });
});

it('is not offered where nothing holds it', async () => {
  const isolation = createProcessIsolation();
  const sandbox = await sandboxIn(await tempDir(), { uids: undefined } as object);
  const { record } = await launched(isolation, sandbox);
  expect(await isolation.setFrozen(record, true)).toBe(false);
});
