/** What must not be possible from inside the wall; each check names the trap of the design that it guards. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Launched } from '../../src/isolation/isolation.ts';
import { makeSandboxDir } from '../../src/isolation/layout.ts';
import { createProcessIsolation } from '../../src/isolation/process.ts';
import { selfTest } from '../../src/isolation/self-test.ts';
import {
  Bridge,
  freshUids,
  inside,
  isRoot,
  launched,
  limits,
  processesOf,
  sandboxIn,
  tempDir,
  until,
} from './harness.ts';
import { providers } from './providers.ts';

describe.each(providers)('$title', (provider) => {
  async function ready() {
    const stateDir = await tempDir();
    const isolation = await provider.make({ stateDir });
    return { stateDir, isolation, sandbox: await sandboxIn(stateDir) };
  }

  describe('identity', () => {
    it.runIf(isRoot)('has a private kernel uid and no way to what only root may (trap 1)', async () => {
      const { isolation, sandbox } = await ready();
      const script = `{ : >> /proc/sys/kernel/core_pattern; } 2>/dev/null && echo opened
      cat /etc/shadow 2>/dev/null; touch /workspace/mine; grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status`;
      const { out } = await inside(isolation, sandbox, script);
      expect(out.replaceAll(/\s+/g, ' ')).toBe(
        'CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2',
      );
      expect((await lstat(join(sandbox.workspace, 'mine'))).uid).toBe(sandbox.uids?.wall);
    });

    it.runIf(isRoot)('refuses to raise a wall of the kernel’s root (trap 1)', async () => {
      const { isolation, sandbox } = await ready();
      const { uids: _, ...without } = sandbox;
      await expect(isolation.launch(without)).rejects.toMatchObject({ code: 'isolation_unavailable' });
      const zero = { ...sandbox, uids: { wall: 0, bridge: 0 } };
      await expect(
        isolation.exec({ ...zero, argv: ['true'], env: {}, timeoutMs: 1, maxBytes: 1 }),
      ).rejects.toMatchObject({
        code: 'isolation_unavailable',
      });
    });

    it.runIf(isRoot)('makes setuid files harmless: they belong to nobody (trap 12)', async () => {
      const { isolation, sandbox } = await ready();
      const { out } = await inside(
        isolation,
        sandbox,
        'cp /usr/bin/id x; chmod 4755 x; ./x -u; mount | grep " /workspace "',
      );
      expect(out).toMatch(/^1000\n.*nosuid,nodev/);
      const made = await lstat(join(sandbox.workspace, 'x'));
      expect([made.mode & 0o7777, made.uid]).toEqual([0o4755, sandbox.uids?.wall]);
    });
  });

  describe('what is seen', () => {
    it('has nothing in /proc/1/environ and no host path on /proc/1/cmdline (traps 2, 3)', async () => {
      const { isolation, sandbox } = await ready();
      const { bridge } = await launched(isolation, sandbox);
      bridge.run(['/bin/bash', '-c', 'wc -c < /proc/1/environ; tr "\\0" " " < /proc/1/cmdline']);
      const { stdout } = await bridge.result();
      expect(stdout).toMatch(/^0\n/);
      if (provider.name === 'bubblewrap') {
        expect(stdout).toMatch(/^0\n\/usr\/bin\/bwrap --args 7 -- (\S+prlimit --nproc=64 -- )?\/usr\/bin\/env -i/);
      }
      expect(stdout).not.toContain(sandbox.sandboxDir);
    });

    it('inherits stdin, stdout and stderr and nothing else, in a session and in a command', async () => {
      const { isolation, sandbox } = await ready();
      const { bridge } = await launched(isolation, sandbox);
      const list = 'for (0..1023) { my $to = readlink "/proc/self/fd/$_"; print "$_ $to\\n" if $to }';
      // For a moment, bubblewrap's first process still has descriptors, but nobody else can open them.
      const steal = 'for (3..1023) { print "opened $_\\n" if open my $f, "<", "/proc/1/fd/$_" }';
      bridge.run(['/usr/bin/perl', '-e', `${list} ${steal}`]);
      expect((await bridge.result()).stdout).toMatch(/^0 socket:\S+\n1 socket:\S+\n2 socket:\S+\n$/);
      expect((await inside(isolation, sandbox, '(cd /proc/$$/fd; echo *)')).out).toBe('0 1 2');
    });

    it('closes what the server inherited itself, whatever its number, for bridge and runtime', async () => {
      const { isolation, sandbox, stateDir } = await ready();
      const specFile = join(stateDir, 'spec.json');
      await writeFile(specFile, JSON.stringify(sandbox));
      const program = fileURLToPath(new URL('./fixtures/server.ts', import.meta.url));
      const node = [process.execPath, '--conditions=@ash-ai/source', program, provider.title, stateDir, specFile];
      const args = ['-c', 'exec 200</etc/hostname; exec "$@"', 'bash', ...node];
      const server = spawn('/bin/bash', args, { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void server.kill('SIGKILL'));
      const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
      const record: Launched = JSON.parse(line);
      onTestFinished(() => isolation.destroy(record));
      const bridge = await Bridge.at(sandbox.sandboxDir);
      bridge.run(['/usr/bin/perl', '-e', 'for (3..1023) { print "leaked $_" if readlink "/proc/self/fd/$_" }']);
      const { stdout, exitCode } = await bridge.result();
      expect([stdout, exitCode]).toEqual(['', 0]);
      const open = await readdir(`/proc/${record.bridge.pid}/fd`);
      const targets = await Promise.all(
        open.map((fd) => readlink(`/proc/${record.bridge.pid}/fd/${fd}`).catch(() => '')),
      );
      expect(targets.filter((target) => target.includes('hostname'))).toEqual([]);
    });

    it('gives the runtime blocking descriptors', async () => {
      const { isolation, sandbox } = await ready();
      const { bridge } = await launched(isolation, sandbox);
      bridge.run(['/bin/bash', '--norc', '-c', 'grep -h flags /proc/self/fdinfo/[012]']);
      const flags = [...(await bridge.result()).stdout.matchAll(/flags:\s+(\d+)/g)].map(([, text = '']) =>
        Number.parseInt(text, 8),
      );
      expect(flags.map((flag) => flag & 0o4000)).toEqual([0, 0, 0]);
    });

    it('sees no other sandbox, no folder of the server, no bridge folder and no secret', async () => {
      const { isolation, sandbox, stateDir } = await ready();
      const other = await sandboxIn(stateDir);
      await writeFile(join(other.workspace, 'theirs'), 'x');
      await writeFile(join(stateDir, 'secret'), 'x', { mode: 0o600 });
      const paths = [stateDir, other.sandboxDir, sandbox.sandboxDir, '/etc/shadow', '/root', '/var', '/sys', '/boot'];
      const { out } = await inside(isolation, sandbox, `ls -d ${paths.join(' ')}; ls /run/ash; ls / | tr '\\n' ' '`);
      expect(out.trim()).toMatch(/^bin dev etc home lib (lib\w+ )*opt proc run sbin tmp usr workspace$/);
    });

    it('sees its own processes only', async () => {
      const { isolation, sandbox } = await ready();
      const { out } = await inside(
        isolation,
        sandbox,
        `ls -d /proc/[0-9]* | wc -l; kill -0 ${process.pid} || echo none`,
      );
      expect(Number(out.split('\n')[0])).toBeLessThan(8);
      expect(out).toContain('none');
    });

    it('can write its workspace, its home, /tmp and /dev/shm, and nothing else', async () => {
      const { isolation, sandbox } = await ready();
      const dirs =
        '/ /usr /etc /dev /opt /opt/ash/runtime /run /run/ash /proc/sys/kernel /home /workspace /home/agent /tmp /dev/shm';
      const { out } = await inside(isolation, sandbox, `for d in ${dirs}; do touch $d/x 2>/dev/null && echo $d; done`);
      expect(out.split('\n')).toEqual(['/workspace', '/home/agent', '/tmp', '/dev/shm']);
    });

    it('binds folders of the server only: a link in their place is refused (trap 11)', async () => {
      const root = await tempDir();
      const dir = join(root, 'box');
      await mkdir(dir);
      await mkdir(join(dir, 'disk'));
      await symlink('/etc', join(dir, 'disk', 'workspace'));
      await expect(makeSandboxDir(dir, freshUids())).rejects.toThrow(/not a folder/);
      expect((await lstat('/etc')).uid).toBe(0);
    });

    it.runIf(isRoot)('can’t put anything in the place of the folders that are bound (trap 11)', async () => {
      const { isolation, sandbox } = await ready();
      const script = 'mv /workspace /workspace2; rmdir /run/ash; ln -sfn /etc /workspace; ls -ld /workspace';
      expect((await inside(isolation, sandbox, script)).out).toMatch(/^d/);
      expect((await lstat(sandbox.sandboxDir)).uid).toBe(0);
    });

    it('reaches the bridge’s socket in /run/ash and can’t make one there', async () => {
      const { isolation, sandbox } = await ready();
      const { bridge } = await launched(isolation, sandbox);
      bridge.say({ do: 'modelSocket', path: '../run/model.sock' });
      await bridge.told1('model');
      const client = 'print IO::Socket::UNIX->new("/run/ash/model.sock")->getline';
      const server = 'IO::Socket::UNIX->new(Local => "/run/ash/x.sock", Listen => 1) or print " refused"';
      bridge.run(['/usr/bin/perl', '-MIO::Socket::UNIX', '-e', `${client}; ${server}`]);
      expect((await bridge.result()).stdout).toBe('hello from the bridge refused');
    });
  });

  describe('network', () => {
    it('has loopback and nothing else', async () => {
      const { isolation, sandbox } = await ready();
      const listener = createTcpServer((socket) => socket.end('host')).listen(0, '127.0.0.1');
      onTestFinished(() => void listener.close());
      await once(listener, 'listening');
      const { port } = listener.address() as AddressInfo;
      const script = `cat < /dev/tcp/127.0.0.1/${port}; tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route | wc -l`;
      const { out } = await inside(isolation, sandbox, script);
      expect(out.replaceAll(/\s+/g, ' ')).toBe('lo 1');
    });
  });

  describe('everything inside dies', () => {
    const escapees =
      '(setsid bash -c "setsid sleep 1000 & sleep 1000" &) ; (sleep 1000 & disown) ; trap "" TERM HUP INT; echo up; sleep 1000';

    it.runIf(isRoot)('with the bridge, double forks included (trap 10)', async () => {
      const { isolation, sandbox } = await ready();
      const { bridge, record } = await launched(isolation, sandbox);
      bridge.run(['/bin/bash', '-c', escapees]);
      await bridge.until(() => bridge.text('stdout').includes('up'));
      const wall = sandbox.uids?.wall ?? 0;
      await until(() => processesOf(wall).length >= 6);
      process.kill(record.bridge.pid, 'SIGKILL');
      await until(() => processesOf(wall).length === 0);
    });

    it.runIf(isRoot)('with the supervisor, and with bubblewrap (trap 10)', async () => {
      const { isolation, stateDir } = await ready();
      for (const victim of ['supervisor', 'bubblewrap'] as const) {
        const sandbox = await sandboxIn(stateDir);
        const { bridge, record } = await launched(isolation, sandbox);
        bridge.run(['/bin/bash', '-c', escapees]);
        await bridge.until(() => bridge.text('stdout').includes('up'));
        const inner = Number(/"child-pid": (\d+)/.exec(bridge.text('status'))?.[1]);
        process.kill(victim === 'supervisor' ? record.wall.pid : inner, 'SIGKILL');
        const wall = sandbox.uids?.wall ?? 0;
        // What may be left of a killed supervisor is the reader of the leash.
        await until(() => processesOf(wall).length <= 1);
        process.kill(record.bridge.pid, 'SIGKILL');
        await until(() => processesOf(wall).length === 0);
      }
    });

    it.runIf(isRoot)('at destroy, by the record alone, with its cgroups', async () => {
      const { isolation, sandbox } = await ready();
      const { bridge, record } = await launched(isolation, sandbox);
      bridge.run(['/bin/bash', '-c', escapees]);
      await bridge.until(() => bridge.text('stdout').includes('up'));
      await isolation.destroy(JSON.parse(JSON.stringify(record)));
      expect(processesOf(sandbox.uids?.wall ?? 0)).toEqual([]);
      expect(processesOf(sandbox.uids?.bridge ?? 0)).toEqual([]);
      for (const dir of record.groups.remove) await expect(lstat(dir)).rejects.toThrow(/ENOENT/);
    });
  });

  describe('self-test', () => {
    it('passes behind these walls', async () => {
      const { isolation, stateDir } = await ready();
      const uids = freshUids();
      const checks = await selfTest(isolation, { dir: stateDir, ...(uids ? { uids } : {}) });
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.length).toBeGreaterThan(15);
    });
  });

  it('keeps the log of a bridge from being led elsewhere', async () => {
    const { isolation, sandbox, stateDir } = await ready();
    const target = join(stateDir, 'victim');
    await writeFile(target, 'untouched');
    await chmod(target, 0o600);
    await symlink(target, join(sandbox.sandboxDir, 'bridge', 'bridge.log'));
    await expect(isolation.launch(sandbox)).rejects.toThrow();
    expect(await readFile(target, 'utf8')).toBe('untouched');
  });
});

describe('the self-test without walls', () => {
  it('is never run without walls, where its actions would succeed', async () => {
    const dir = await tempDir();
    await expect(selfTest(createProcessIsolation(), { dir })).rejects.toMatchObject({ code: 'isolation_unavailable' });
  });

  it('tries nothing when its shell finds itself in the server’s namespaces', async () => {
    const dir = await tempDir();
    const scripts: string[] = [];
    const pretender = {
      ...createProcessIsolation(),
      name: 'bubblewrap' as const,
      exec: (spec: { argv: readonly string[] }) => {
        scripts.push(spec.argv[2] ?? '');
        return Promise.resolve({ exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
      },
    };
    const checks = await selfTest(pretender, { dir });
    expect(checks.some(({ ok }) => ok)).toBe(false);
    const [guard = ''] = (scripts[0] ?? '').split('\n');
    const outside = await createProcessIsolation().exec({
      ...{ sandboxId: 'x', sandboxDir: dir, limits, runtimeDir: dir, cwd: dir, env: { PATH: '/usr/bin:/bin' } },
      ...{ argv: ['/bin/bash', '-c', `${guard}\necho went on`], timeoutMs: 10_000, maxBytes: 1000 },
    });
    expect([outside.exitCode, outside.stdout.toString()]).toEqual([1, '']);
  });
});
