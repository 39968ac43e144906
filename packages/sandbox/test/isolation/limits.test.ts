/** Limits hold, are read back, and are never claimed where nothing holds them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectCgroups } from '../../src/isolation/cgroup-host.ts';
import { makeGroups, removeGroups } from '../../src/isolation/limits.ts';
import { inside, isRoot, launched, limits, processesOf, sandboxIn, tempDir } from './harness.ts';
import { providers } from './providers.ts';

const host = await detectCgroups();
const holds = (name: 'memory' | 'pids' | 'cpu') =>
  host.v1[name] !== undefined || host.v2?.controllers.includes(name) === true;

describe.each(providers)('$title', (provider) => {
  async function ready(options: { cgroups?: boolean } = {}) {
    const stateDir = await tempDir();
    return {
      stateDir,
      isolation: await provider.make({ stateDir, ...options }),
      sandbox: await sandboxIn(stateDir),
    };
  }

  describe('cgroups', () => {
    it('claims no limit in a folder that only looks like a cgroup (trap 4)', async () => {
      const dir = await tempDir();
      const fake = { v2: { dir, controllers: ['memory', 'pids', 'cpu'] as const, kill: true }, v1: {} };
      const made = await makeGroups(fake, 'fake', limits);
      expect(made.held).toEqual({ memory: 'none', pids: 'none', cpu: 'none' });
      expect(made.limits).toEqual({});
      const old = { v1: { memory: join(dir, 'm'), pids: join(dir, 'p') } };
      await mkdir(old.v1.memory);
      await mkdir(old.v1.pids);
      expect((await makeGroups(old, 'fake', limits)).held).toEqual({ memory: 'none', pids: 'none', cpu: 'none' });
    });

    it.runIf(holds('memory') && holds('pids'))('reads limits back into the record', async () => {
      const { isolation, sandbox } = await ready();
      const { record } = await launched(isolation, { ...sandbox, limits: { ...limits, cpus: 0.5 } });
      expect(record.limits).toEqual({ memoryBytes: limits.memoryBytes, pids: limits.pids, cpus: 0.5 });
      expect(record.enforced).toEqual(isolation.capabilities());
      for (const dir of record.groups.wall)
        expect(await readFile(join(dir, 'cgroup.procs'), 'utf8')).toContain(String(record.wall.pid));
      for (const dir of record.groups.bridge)
        expect(await readFile(join(dir, 'cgroup.procs'), 'utf8')).toContain(String(record.bridge.pid));
    });

    it('clears what a launch that nobody recorded left under the same name', async () => {
      const made = await makeGroups(host, 'left-over', limits);
      const again = await makeGroups(host, 'left-over', limits);
      expect(again.groups).toEqual(made.groups);
      expect(await removeGroups(again.groups)).toBe(true);
      expect(await removeGroups(again.groups)).toBe(true);
    });
  });

  it.runIf(holds('pids') && host.v2?.kill)(
    'kills what is in v1 groups alone, where there is no cgroup.kill',
    async () => {
      const made = await makeGroups({ v1: host.v1 }, `v1-${crypto.randomUUID()}`, limits);
      const joins = made.groups.wall.map((dir) => `echo $$ > ${dir}/cgroup.procs`).join('; ');
      const script = `${joins}; echo up; for i in 1 2 3 4 5; do setsid bash -c "sleep 1000 & sleep 1000" & done; wait`;
      const child = spawn('/bin/bash', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      expect(await removeGroups(made.groups)).toBe(true);
      expect(child.signalCode ?? (await once(child, 'exit'))[1]).toBe('SIGKILL');
    },
  );

  describe('bombs', () => {
    it.runIf(holds('memory'))(
      'kills what takes more memory than it may, and tells it on the status channel',
      async () => {
        const { isolation, sandbox } = await ready();
        const { bridge } = await launched(isolation, {
          ...sandbox,
          limits: { ...limits, memoryBytes: 64 * 1024 * 1024 },
        });
        bridge.run(['/usr/bin/perl', '-e', 'my @a; push @a, "x" x 1048576 while 1']);
        expect((await bridge.result()).exitCode).toBe(137);
      },
    );

    it('stops a fork bomb at the limit', async () => {
      for (const cgroups of [true, false]) {
        const { isolation, sandbox } = await ready({ cgroups });
        const script =
          'my $n = 0; while (1) { my $p = fork; last unless defined $p; if (!$p) { sleep 1000 } $n++; last if $n > 200 } print $n';
        const { stdout } = await isolation.exec({
          ...sandbox,
          ...{ argv: ['/usr/bin/perl', '-e', script], env: {}, timeoutMs: 30_000, maxBytes: 1000 },
        });
        expect(Number(stdout.toString())).toBeGreaterThan(30);
        expect(Number(stdout.toString())).toBeLessThanOrEqual(limits.pids);
      }
    });

    it.runIf(isRoot)('counts each sandbox alone without cgroups, even under one uid (trap 18)', async () => {
      const { isolation, stateDir, sandbox } = await ready({ cgroups: false });
      const uids = sandbox.uids;
      const twin = await sandboxIn(stateDir, uids ? { uids } : {});
      const first = await launched(isolation, sandbox);
      first.bridge.run(['/usr/bin/perl', '-e', 'for (1..40) { fork or sleep 1000 } $| = 1; print "up"; sleep 1000']);
      await first.bridge.until(() => first.bridge.text('stdout').includes('up'));
      const script =
        'my $n = 0; for (1..40) { my $p = fork; last unless defined $p; if (!$p) { sleep 1000 } $n++ } print $n';
      const { stdout } = await isolation.exec({
        ...twin,
        ...{ argv: ['/usr/bin/perl', '-e', script], env: {}, timeoutMs: 30_000, maxBytes: 1000 },
      });
      expect(stdout.toString()).toBe('40');
      // No cgroup either to kill by: the pid namespace is what makes this complete.
      await isolation.destroy(first.record);
      expect(processesOf(uids?.wall ?? 0)).toEqual([]);
    });

    it('fills /tmp and goes on: it is no larger than a quarter of the memory (trap 5)', async () => {
      const { isolation, sandbox } = await ready();
      const { out, err } = await inside(isolation, sandbox, 'head -c 1G /dev/zero > /tmp/x; stat -c %s /tmp/x');
      expect(err).toMatch(/No space left/);
      expect(Number(out)).toBeLessThanOrEqual(limits.memoryBytes / 4);
    });

    it('holds file size, open files and core dumps by rlimit', async () => {
      const { isolation, sandbox } = await ready();
      const small = { ...sandbox, limits: { ...limits, fileBytes: 1024 * 1024, openFiles: 99 } };
      const { out } = await inside(isolation, small, 'ulimit -n -c -f; head -c 2M /dev/zero > big; stat -c %s big');
      expect(out.match(/\d+$/gm)).toEqual(['99', '0', '1024', '1048576']);
    });

    it.runIf(holds('pids'))('counts a command within the sandbox that it belongs to', async () => {
      const { isolation, sandbox } = await ready();
      const { record } = await launched(isolation, sandbox);
      const { out } = await inside(isolation, sandbox, 'cat /proc/self/cgroup | wc -l', { within: record });
      expect(Number(out)).toBeGreaterThan(0);
    });
  });
});
