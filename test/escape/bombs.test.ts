/** Bombs: an agent that takes all it can gets a coded end that names the limit, its session lives on, and nobody else notices. */
import type { EgressRecord, LimitsRequest } from '@ash-ai/shared/contract';
import { expect, test, vi } from 'vitest';
import { until, useAsh } from '../e2e/harness.ts';
import { say } from '../e2e/streams.ts';
import * as setOff from './bomb.ts';
import { bash, bombs, toolOutput } from './bomb.ts';

// Bombs take their time on a machine that is busy with others.
vi.setConfig({ testTimeout: 240_000 });

const use = useAsh({
  env: { ASH_SANDBOX_CEILING: 'memoryMb=1024,diskMb=256,turnTimeoutMs=600000', ASH_SANDBOX_DISK_MB: '64' },
});

const sessionWith = (limits: LimitsRequest) => setOff.sessionWith(use.ash, limits);
const explode = (sessionId: string, command: string) => setOff.explode(use.ash, sessionId, command);
const expectAlive = (sessionId: string) => setOff.expectAlive(use.ash, sessionId);

test('memory: a tool that takes too much is killed, which is for the agent to deal with', async () => {
  const id = await sessionWith({ memoryMb: 512 });
  const turn = await explode(id, bombs.memoryOfTool);
  expect(turn).toMatchObject({ status: 'completed', error: undefined });
  expect(toolOutput(turn)).toMatch(/137|Killed/);
  await expectAlive(id);
});

test('memory: when the runtime itself is killed, the turn says why', async () => {
  const id = await sessionWith({ memoryMb: 512, pids: 200 });
  const turn = await explode(id, bombs.memoryOfRuntime);
  expect(turn.error).toMatchObject({ code: 'memory_limit_reached', error: expect.stringContaining('512 MiB') });
  await expectAlive(id);
});

test('processes: a fork bomb ends the turn', async () => {
  const id = await sessionWith({ pids: 64, cpus: 1 });
  const turn = await explode(id, bombs.forks);
  expect(turn.error).toMatchObject({ code: 'process_limit_reached', error: expect.stringContaining('64') });
  await expectAlive(id);
});

test('processes: one that asks for too many and gives up goes on', async () => {
  const id = await sessionWith({ pids: 64 });
  const turn = await explode(
    id,
    `perl -e 'my @p; while (1) { my $p = fork; last unless defined $p; if (!$p) { sleep 60; exit } push @p, $p } print scalar(@p) < 64 ? "held" : "loose"; kill 9, @p'`,
  );
  expect(turn).toMatchObject({ status: 'completed', text: 'It said held.' });
});

test('disk: too many bytes end the turn, and the session can clean up', async () => {
  const id = await sessionWith({ diskMb: 32 });
  const turn = await explode(id, 'head -c 60M /dev/zero > big; sleep 60');
  expect(turn.error).toMatchObject({ code: 'disk_limit_reached', error: expect.stringContaining('32 MiB') });
  expect(await say(use.ash, id, bash('rm big && echo cleaned'))).toMatchObject({ text: 'It said cleaned.' });
  await expectAlive(id);
});

test('disk: too many files end the turn', async () => {
  const id = await sessionWith({ inodes: 1500 });
  const turn = await explode(id, `mkdir m; perl -e 'open my $f, ">", "m/$_" for 1..3000'; sleep 60`);
  expect(turn.error).toMatchObject({ code: 'disk_limit_reached', error: expect.stringContaining('1500 files') });
  await expectAlive(id);
});

test('/tmp: it is full, and that is all', async () => {
  const id = await sessionWith({ memoryMb: 512 });
  const turn = await explode(
    id,
    'for i in 1 2 3 4 5; do head -c 50M /dev/zero > /tmp/$i; done 2> ~/said; rm /tmp/[1-5]; cat ~/said',
  );
  expect(turn).toMatchObject({ status: 'completed', error: undefined });
  expect(toolOutput(turn)).toContain('No space left');
});

test('time: a turn that takes too long ends', async () => {
  const id = await sessionWith({ turnTimeoutMs: 4000 });
  const turn = await explode(id, 'sleep 100');
  expect(turn.error).toMatchObject({ code: 'turn_timeout', error: expect.stringContaining('4000 ms') });
  await expectAlive(id);
});

test('output: a flood is cut by the tool', async () => {
  const id = await sessionWith({});
  const turn = await explode(id, 'yes | head -c 30M');
  expect(turn).toMatchObject({ status: 'completed', error: undefined });
  expect(toolOutput(turn).length).toBeLessThan(1_000_000);
});

test('log: a flood of refused requests is written down in few records that count them', async () => {
  const id = await sessionWith({});
  const flood = `perl -MIO::Socket::UNIX -e 'for (1..3000) { my $s = IO::Socket::UNIX->new("/run/ash/egress.sock") or next; print $s "GET http://refused.example/$_ HTTP/1.1\\r\\nHost: refused.example\\r\\nConnection: close\\r\\n\\r\\n"; my @all = <$s>; $n++ if "@all" =~ /403/ } print $n'`;
  const turn = await explode(id, flood);
  expect(turn).toMatchObject({ status: 'completed', text: 'It said 3000.' });
  const counted = async () => {
    const reply = await use.ash.call('GET', `/api/sessions/${id}/egress?limit=1000`);
    const { records } = (await reply.json()) as { records: EgressRecord[] };
    return records.filter(({ host }) => host === 'refused.example').map(({ count }) => count);
  };
  // What is held back comes within seconds.
  await until(async () => (await counted()).reduce((sum, count) => sum + count, 0) === 3000);
  expect((await counted()).length).toBeLessThan(500);
  expect(JSON.stringify(use.ash.lines).length).toBeLessThan(1_000_000);
  await expectAlive(id);
});

test('open files and a thousand sockets', async () => {
  const id = await sessionWith({ openFiles: 256 });
  const turn = await explode(
    id,
    `perl -MSocket -e 'my @s; for (1..1000) { socket(my $s, AF_INET, SOCK_DGRAM, 0) or last; push @s, $s } print @s < 256 ? "held" : "loose"'`,
  );
  expect(turn).toMatchObject({ status: 'completed', text: 'It said held.' });
  await expectAlive(id);
});

test('settings: the agent’s folder, the session and the ceiling over both', async () => {
  const { ash } = use;
  const files = { 'CLAUDE.md': 'x', '.ash/sandbox.json': JSON.stringify({ limits: { memoryMb: 768, pids: 100 } }) };
  await ash.client.deployAgent('modest', await ash.agentFolder('modest', files));
  const reply = await ash.call('POST', '/api/sessions', {
    body: { agent: 'modest', limits: { pids: 5000, cpus: 0.5, diskMb: 9999 } },
  });
  const { session } = (await reply.json()) as { session: { limits: unknown; enforced: Record<string, unknown> } };
  // 256 is the server's own number of processes, which its ceiling doesn't name.
  expect(session.limits).toEqual({
    ...{ memoryMb: 768, pids: 256, cpus: 0.5, diskMb: 256, inodes: 500_000, openFiles: 8192, turnTimeoutMs: 600_000 },
  });
  expect(session.enforced).toMatchObject({ files: true, network: true, syscalls: true });
  const bad = { 'CLAUDE.md': 'x', '.ash/sandbox.json': '{"limits": {"memory": 1}}' };
  await ash.client.deployAgent('bad', await ash.agentFolder('bad', bad));
  const refused = await ash.call('POST', '/api/sessions', { body: { agent: 'bad' } });
  expect([refused.status, await refused.json()]).toEqual([
    400,
    expect.objectContaining({ code: 'agent_file_invalid', error: expect.stringContaining('memory') }),
  ]);
});
