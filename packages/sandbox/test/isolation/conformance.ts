/** What every isolation must hold, walls or none: the channels, the leash, and life and death by the record alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Isolation, Launched } from '../../src/isolation/isolation.ts';
import { Bridge, inside, launched, type Sandbox, sandboxIn, tempDir, until } from './harness.ts';

export interface Subject {
  isolation: Isolation;
  stateDir: string;
  sandbox: Sandbox;
}

export function isolationConformance(
  { title, name }: { title: string; name: Isolation['name'] },
  make: (stateDir: string) => Promise<Isolation>,
): void {
  async function subject(mode?: number): Promise<Subject> {
    const stateDir = await tempDir(mode);
    const isolation = await make(stateDir);
    const change = name === 'process' ? { uids: undefined } : {};
    return { isolation, stateDir, sandbox: await sandboxIn(stateDir, change as object) };
  }

  describe(`${title} isolation`, () => {
    it('gives the bridge exactly its environment, its folder and its log', async () => {
      const { isolation, sandbox } = await subject();
      const env = { ONE: '1', TWO: "a 'b' c" };
      const { bridge } = await launched(isolation, { ...sandbox, bridge: { ...sandbox.bridge, env } });
      bridge.say({ do: 'self' });
      const self = await bridge.told1('self');
      expect(self.env).toEqual(env);
      expect(self.cwd).toBe(join(sandbox.sandboxDir, 'bridge'));
      if (sandbox.uids) expect(self).toMatchObject({ uid: sandbox.uids.bridge, groups: [sandbox.uids.bridge] });
    });

    it('runs the argv inside with a clean environment, empty words kept, and passes stdin and both outputs', async () => {
      const { isolation, sandbox } = await subject();
      const { bridge } = await launched(isolation, sandbox);
      const script = 'pwd; /usr/bin/env; echo "[$1][$2]"; cat; echo to-stderr >&2';
      // Without --norc, bash reads ~/.bashrc when its stdin is a socket.
      bridge.run(['/bin/bash', '--norc', '-c', script, 'name', '', 'two words'], { ONLY: 'this' });
      bridge.say({ do: 'write', text: 'typed\n' });
      bridge.say({ do: 'endInput' });
      const { exitCode, stdout, stderr } = await bridge.result();
      expect(stdout.split('\n')[0]).toBe(isolation.inside(sandbox).workspace);
      const names = stdout.split('\n').flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
      expect(names.toSorted()).toEqual(['ONLY', 'PWD', 'SHLVL', '_']);
      expect(stdout).toContain('[][two words]\ntyped\n');
      expect([exitCode, stderr]).toEqual([0, 'to-stderr\n']);
    });

    it('reports child pid, exit code and death by signal on the status channel', async () => {
      const { isolation, sandbox, stateDir } = await subject();
      const first = await launched(isolation, sandbox);
      first.bridge.run(['/bin/bash', '-c', 'exit 7']);
      expect((await first.bridge.result()).exitCode).toBe(7);
      expect(first.bridge.text('status')).toMatch(/^\{ ?"child-pid": ?\d+/);
      const again = await sandboxIn(stateDir, name === 'process' ? ({ uids: undefined } as object) : {});
      const second = await launched(isolation, again);
      second.bridge.run(['/bin/bash', '-c', 'kill -KILL $$']);
      expect((await second.bridge.result()).exitCode).toBe(137);
    });

    it('says on stderr, and with no exit code of the command, when the argv can’t be run', async () => {
      const { isolation, sandbox } = await subject();
      const { bridge } = await launched(isolation, sandbox);
      bridge.say({ do: 'run', argv: ['/no/such/program'] });
      const { exitCode, stderr } = await bridge.result();
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(/no\/such\/program/);
    });

    it('streams more than a pipe holds both ways', async () => {
      const { isolation, sandbox } = await subject();
      const { bridge } = await launched(isolation, sandbox);
      bridge.run(['/usr/bin/wc', '-c']);
      const text = 'x'.repeat(3_000_000);
      bridge.say({ do: 'write', text });
      bridge.say({ do: 'endInput' });
      expect((await bridge.result()).stdout.trim()).toBe(String(text.length));
    });

    it('ends what runs inside when the bridge closes the leash', async () => {
      const { isolation, sandbox } = await subject();
      const { bridge, record } = await launched(isolation, sandbox);
      bridge.run(['/bin/bash', '-c', 'echo up; sleep 1000']);
      await bridge.until(() => bridge.text('stdout').includes('up'));
      bridge.say({ do: 'closeLeash' });
      await bridge.result();
      await until(async () => !(await isolation.isAlive(record)).wall);
      expect(await isolation.isAlive(record)).toEqual({ bridge: true, wall: false });
    });

    it('ends what runs inside when the bridge is killed', async () => {
      const { isolation, sandbox } = await subject();
      const { bridge, record } = await launched(isolation, sandbox);
      bridge.run(['/bin/bash', '-c', 'echo up; sleep 1000']);
      await bridge.until(() => bridge.text('stdout').includes('up'));
      process.kill(record.bridge.pid, 'SIGKILL');
      await until(async () => !(await isolation.isAlive(record)).wall);
      expect(await isolation.isAlive(record)).toEqual({ bridge: false, wall: false });
    });

    it('ends a waiting wall when the bridge goes before it sent anything', async () => {
      const { isolation, sandbox } = await subject();
      const { record } = await launched(isolation, sandbox);
      process.kill(record.bridge.pid, 'SIGKILL');
      await until(async () => !(await isolation.isAlive(record)).wall);
    });

    it('survives the server, and is destroyed by the next one from the record', async () => {
      const { isolation, sandbox, stateDir } = await subject();
      const specFile = join(stateDir, 'spec.json');
      await writeFile(specFile, JSON.stringify(sandbox));
      const program = fileURLToPath(new URL('./fixtures/server.ts', import.meta.url));
      const args = ['--conditions=@ash-ai/source', program, title, stateDir, specFile];
      const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void server.kill('SIGKILL'));
      const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
      const record: Launched = JSON.parse(line);
      onTestFinished(() => isolation.destroy(record));
      const bridge = await Bridge.at(sandbox.sandboxDir);
      bridge.run(['/bin/bash', '-c', 'echo up; while read -r line; do echo "got $line"; done']);
      await bridge.until(() => bridge.text('stdout').includes('up'));
      server.kill('SIGKILL');
      await once(server, 'exit');
      bridge.say({ do: 'write', text: 'after the server\n' });
      await bridge.until(() => bridge.text('stdout').includes('got after the server'));
      expect(await isolation.isAlive(record)).toEqual({ bridge: true, wall: true });
      await isolation.destroy(record);
      expect(await isolation.isAlive(record)).toEqual({ bridge: false, wall: false });
      await isolation.destroy(record);
    });

    it('leaves no descriptor of the pair in the server', async () => {
      const { isolation, sandbox } = await subject();
      const before = readdirSync('/proc/self/fd').length;
      const record = await isolation.launch(sandbox);
      onTestFinished(() => isolation.destroy(record));
      await until(() => readdirSync('/proc/self/fd').length <= before);
    });

    it('never takes a later process with the same pid for its own', async () => {
      const { isolation, sandbox } = await subject();
      const { record } = await launched(isolation, sandbox);
      const other: Launched = {
        ...record,
        bridge: { ...record.bridge, startedAt: '1' },
        groups: { wall: [], bridge: [], remove: [] },
      };
      expect(await isolation.isAlive(other)).toEqual({ bridge: false, wall: true });
      expect(await isolation.isAlive({ ...record, bootId: 'another boot' })).toEqual({ bridge: false, wall: false });
      await isolation.destroy({ ...other, bootId: 'another boot' });
      expect(await isolation.isAlive(record)).toEqual({ bridge: true, wall: true });
    });

    it('says that a bridge which can’t be started did not start, and leaves nothing', async () => {
      const { isolation, sandbox } = await subject();
      const bridge = { ...sandbox.bridge, execPath: '/usr/bin/no-such-node' };
      const record = await isolation.launch({ ...sandbox, bridge }).catch((error: unknown) => error);
      // Behind a launcher the failure shows as a bridge that is gone; without one, at once.
      if (record instanceof Error) expect(record).toMatchObject({ code: 'sandbox_launch_failed' });
      else {
        await until(async () => !(await isolation.isAlive(record as Launched)).wall);
        await isolation.destroy(record as Launched);
      }
    });

    it('runs one command with its output and exit code', async () => {
      const { isolation, sandbox } = await subject();
      const { exitCode, out, err, stopped } = await inside(isolation, sandbox, 'pwd; echo oops >&2; exit 3');
      expect([exitCode, out, err, stopped]).toEqual([3, isolation.inside(sandbox).workspace, 'oops', undefined]);
    });

    it('kills a command and its children at the time limit, the output limit and an abort', async () => {
      const { isolation, sandbox } = await subject();
      const slow = await inside(isolation, sandbox, 'sleep 1000 & sleep 1000', { timeoutMs: 300 });
      expect(slow.stopped).toBe('timeout');
      const loud = await inside(isolation, sandbox, 'yes & yes >&2', { maxBytes: 1000 });
      expect(loud.stopped).toBe('output');
      expect(loud.stdout.length + loud.stderr.length).toBeLessThanOrEqual(1000);
      const signal = AbortSignal.timeout(200);
      expect((await inside(isolation, sandbox, 'sleep 1000', { signal })).stopped).toBe('aborted');
    });
  });
}
