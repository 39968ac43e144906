/** The advice names the thing to do, and the table says what nothing holds. */
import { expect, it } from 'vitest';
import { adviceFor, surroundings } from '../../src/isolation/advice.ts';
import { inspectWalls, wallRows } from '../../src/isolation/inspect.ts';
import { tempDir } from './harness.ts';

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
  expect(wallRows('bubblewrap', full).every(({ enforced, fix }) => enforced && fix === '')).toBe(true);
  const none = {
    ...({ memory: 'none', pids: 'none', cpu: 'none', disk: 'none', kill: 'process-group' } as const),
    ...{ privateUids: false, files: false, network: false, syscalls: false },
  };
  const rows = wallRows('process', none);
  expect(rows.some(({ enforced }) => enforced)).toBe(false);
  expect(rows.every(({ fix }) => fix !== '')).toBe(true);
});

it.each([
  ['cgroup 2', { memory: 'cgroup2', cpu: 'cgroup2', kill: 'cgroup2' }, ['cgroup 2', 'cgroup 2', ''], 'cgroup 2'],
  [
    'cgroup 1',
    { memory: 'cgroup1', cpu: 'cgroup1', kill: 'pid-namespace' },
    ['cgroup 1', 'cgroup 1', ''],
    'the pid namespace',
  ],
  [
    'both, and limits by the first',
    { memory: 'cgroup1', cpu: 'cgroup1', kill: 'cgroup2' },
    ['cgroup 1', 'cgroup 1', ''],
    'cgroup 2, which this machine has beside cgroup 1 and uses for this alone',
  ],
  [
    'cgroup 2 without controllers',
    { memory: 'none', cpu: 'none', kill: 'cgroup2' },
    ['nothing', 'nothing', 'hands this controller to nobody here: set Delegate=yes'],
    'cgroup 2',
  ],
  [
    'cgroup 1 without one of them',
    { memory: 'cgroup1', cpu: 'none', kill: 'pid-namespace' },
    ['cgroup 1', 'nothing', 'has cgroup 1, but not this controller of it'],
    'the pid namespace',
  ],
  [
    'none',
    { memory: 'none', cpu: 'none', kill: 'pid-namespace' },
    ['nothing', 'nothing', 'no control groups that this server may make: start it as root'],
    'the pid namespace',
  ],
] as const)('says what holds limits with %s', (_what, groups, [memory, cpu, fix], end) => {
  const rest = { disk: 'image', privateUids: true, files: true, network: true, syscalls: true } as const;
  const rows = wallRows('bubblewrap', {
    pids: groups.memory === 'none' ? 'rlimit' : groups.memory,
    ...groups,
    ...rest,
  });
  const row = (name: string) => rows.find((one) => one.name === name);
  expect(row('memory')).toMatchObject({ how: memory, enforced: memory !== 'nothing' });
  expect(row('processor time')).toMatchObject({
    how: cpu,
    enforced: cpu !== 'nothing',
    fix: expect.stringContaining(fix),
  });
  expect(row('processes')).toMatchObject({ enforced: true, fix: '' });
  expect(row('end of everything inside')).toMatchObject({ how: end, enforced: true });
});

it('finds by trying what holds here, and leaves nothing', async () => {
  const scratchDir = await tempDir();
  const rows = await inspectWalls({ isolation: 'bubblewrap', scratchDir });
  expect(rows[0]).toEqual({ name: 'self-test', enforced: true, how: 'known-bad actions fail', fix: '' });
  expect(rows.find(({ name }) => name === 'network')).toMatchObject({ enforced: true });
  const unknown = await inspectWalls({ isolation: 'moat', scratchDir });
  expect(unknown).toEqual([
    { name: 'walls', enforced: false, how: 'nothing', fix: expect.stringContaining('no moat') },
  ]);
});
