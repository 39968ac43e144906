/** Commands and logs over HTTP, behind real walls. */
import { readFile } from 'node:fs/promises';
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { env, failure, missingFor, otherKey } from './tenant.ts';

const server = useAsh({ env });

async function exec(sessionId: string, body: object): Promise<Response> {
  return await server.ash.call('POST', `/api/sessions/${sessionId}/exec`, { body });
}

describe('exec', () => {
  test('runs in the workspace, as the agent would', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    const response = await exec(id, { command: 'pwd; echo to-stderr >&2; exit 7' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ exitCode: 7, stdout: '/workspace\n', stderr: 'to-stderr\n' });
    const { stdout } = await ash.client.exec(id, 'echo "$HOME|$USER|$PATH"; env; echo $BASH_VERSION; cat; ls');
    expect(stdout).toMatch(/^\/home\/agent\|agent\|[^\n]*\/usr\/bin/);
    expect(stdout).not.toMatch(/key-of-the-model|ANTHROPIC|ASH_DATA/);
    expect(stdout).toMatch(/CLAUDE\.md\n$/);
  });

  test('stays behind the wall: no host files, no network, no other session, limits', async () => {
    const { ash } = server;
    const [one, two] = [await ash.session(), await ash.session()];
    await ash.client.exec(two.id, 'echo theirs > secret');
    const script = `cat ${ash.workspace(two.id)}/secret; cat /etc/shadow; ls ${ash.dataDir}; echo > /usr/x; exec 3<>/dev/tcp/127.0.0.1/${new URL(ash.url).port}; id -u; kill -0 ${process.pid}`;
    const { stdout, stderr } = await ash.client.exec(one.id, script);
    expect(stdout).toBe('1000\n');
    expect(stderr.trim().split('\n').length).toBeGreaterThanOrEqual(6);
    const bomb = await ash.client.exec(one.id, 'head -c 8G /dev/zero | tail -n 1');
    expect(bomb.exitCode).not.toBe(0);
    expect((await ash.client.exec(one.id, 'echo alive')).stdout).toBe('alive\n');
  });

  test('an awake session keeps it within its own limits, and does not mind', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    await Array.fromAsync(ash.client.sendMessageStream(id, 'Hello!'));
    const groups = await ash.client.exec(id, 'cat /proc/self/cgroup; echo made > file');
    expect(groups.exitCode).toBe(0);
    const events = await Array.fromAsync(ash.client.sendMessageStream(id, 'Run `cat file`'));
    expect(JSON.stringify(events)).toContain('made');
    const runtime = await readFile(`/proc/${ash.runtimePid(id)}/cgroup`, 'utf8');
    expect(runtime).toContain('ash-');
  });

  test('ends at its time and at its size', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    const slow = await exec(id, { command: 'echo begun; sleep 1000 & sleep 1000', timeout: 500 });
    // Whether it got as far as saying so is a question of time.
    expect(await slow.json()).toEqual({
      exitCode: 1,
      stdout: expect.stringMatching(/^(begun\n)?$/),
      stderr: '',
      stopped: 'timeout',
    });
    const loud = await ash.client.exec(id, 'yes | head -c 30M');
    expect([loud.stopped, loud.exitCode, loud.stdout.length]).toEqual(['output', 1, 10 * 1024 * 1024]);
    const cut = await ash.client.exec(id, 'yes | head -c 15M');
    expect([cut.stopped, cut.exitCode, cut.stdout.length]).toEqual([undefined, 0, 10 * 1024 * 1024]);
    const dead = await ash.client.exec(id, 'kill -9 $$');
    expect(dead.exitCode).toBe(137);
  });

  test('survives odd commands', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    const text = `echo 'grüße 👋 "x" $(id) \\' "a'b"\necho two`;
    expect((await ash.client.exec(id, text)).stdout).toBe(`grüße 👋 "x" $(id) \\ a'b\ntwo\n`);
    expect((await ash.client.exec(id, `: ${'x'.repeat(99_000)}`)).exitCode).toBe(0);
    expect((await ash.client.exec(id, 'printf "\\xff\\x00x"')).stdout).toBe('\ufffd\0x');
    expect((await ash.client.exec(id, 'no-such-command')).exitCode).toBe(127);
    const all = await Promise.all([1, 2, 3].map((n) => ash.client.exec(id, `echo ${n}`)));
    expect(all.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n']);
  });

  test('has its errors', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    for (const body of [
      {},
      { command: '' },
      { command: 'x', timeout: 0 },
      { command: 'x', timeout: 300_001 },
      { command: 'x'.repeat(100_001) },
    ]) {
      expect(await failure(await exec(id, body))).toEqual([400, 'validation_failed']);
    }
    await ash.client.pauseSession(id);
    const paused = await exec(id, { command: 'true' });
    expect(await paused.json()).toMatchObject({
      statusCode: 400,
      code: 'session_not_active',
      error: 'Session is paused',
    });
    await ash.client.endSession(id);
    expect(await failure(await exec(id, { command: 'true' }))).toEqual([400, 'session_not_active']);
    await missingFor(ash, ash.key, 'session_not_found', [
      ['POST', `/api/sessions/${newId()}/exec`, { command: 'true' }],
    ]);
    const other = await ash.session();
    await missingFor(ash, await otherKey(ash), 'session_not_found', [
      ['POST', `/api/sessions/${other.id}/exec`, { command: 'true' }],
      ['GET', `/api/sessions/${other.id}/logs`],
    ]);
  });
});

describe('logs', () => {
  test('tell what Ash and the runtime said, from an index on, while the session is awake', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    await Array.fromAsync(ash.client.sendMessageStream(id, 'Hello!'));
    const response = await ash.call('GET', `/api/sessions/${id}/logs`);
    const body = (await response.json()) as { logs: object[]; source: string };
    expect(body.source).toBe('sandbox');
    expect(body.logs[0]).toEqual({
      index: 0,
      level: 'system',
      text: 'Sandbox started',
      ts: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const { logs } = await ash.client.getSessionLogs(id, { after: 0 });
    expect(logs).toEqual(body.logs.slice(1));
    expect(await failure(await ash.call('GET', `/api/sessions/${id}/logs?after=-2`))).toEqual([
      400,
      'validation_failed',
    ]);
    await ash.client.stopSession(id);
    expect(await ash.client.getSessionLogs(id)).toEqual({ logs: [], source: 'sandbox' });
    await missingFor(ash, ash.key, 'session_not_found', [['GET', `/api/sessions/${newId()}/logs`]]);
  });
});
