/** The advice names the thing to do, and the table says what nothing holds. */
import { expect, it } from 'vitest';
import { adviceFor, surroundings } from '../../src/isolation/advice.ts';
import { describeIsolation } from '../../src/isolation/describe.ts';

it('prints what a compose file needs, in a container', () => {
  const advice = adviceFor({ inContainer: true, switches: {} });
  expect(advice).toContain('    - systempaths=unconfined');
  expect(advice).toContain('"privileged" is not needed');
});

it('names the switch of the kernel that forbids it', () => {
  const advice = adviceFor({
    inContainer: false,
    switches: { 'kernel/apparmor_restrict_unprivileged_userns': '1', 'user/max_user_namespaces': '0' },
  });
  expect(advice).toContain('sysctl -w kernel.apparmor_restrict_unprivileged_userns=0');
  expect(advice).toContain('sysctl -w user.max_user_namespaces=65536');
  expect(advice).not.toContain('compose');
});

it('looks around here', async () => {
  expect(await surroundings()).toMatchObject({ inContainer: expect.any(Boolean) });
});

it('describes walls, and that there are none', () => {
  const full = {
    ...({ memory: 'cgroup2', pids: 'cgroup2', cpu: 'cgroup2', disk: 'image', kill: 'cgroup2' } as const),
    ...{ privateUids: true, files: true, network: true, syscalls: true },
  };
  expect(describeIsolation('bubblewrap', full).every(({ ok }) => ok)).toBe(true);
  const none = {
    ...({ memory: 'none', pids: 'none', cpu: 'none', disk: 'none', kill: 'process-group' } as const),
    ...{ privateUids: false, files: false, network: false, syscalls: false },
  };
  const rows = describeIsolation('process', none);
  expect(rows.some(({ ok }) => ok)).toBe(false);
  expect(rows.every(({ means }) => means !== undefined)).toBe(true);
});
