/** Which isolation a session has: the server's own, or the one that its agent asks for among those that the server offers. */
import { existsSync } from 'node:fs';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { say } from './streams.ts';

const hasOci = process.getuid?.() === 0 && existsSync('/usr/sbin/runc');
if (!hasOci) console.warn('isolation choice: oci is not tried, it wants root and runc');
const other = hasOci ? 'oci' : 'process';
const use = useAsh({ env: { ASH_ISOLATION_ALLOW: other } });

/** What the runtime's first process is, as a turn finds it. */
const firstProcess = script(
  { tools: [{ name: 'Bash', input: { command: "tr '\\0' ' ' < /proc/1/cmdline | cut -c1-40" } }] },
  'It said {{result}}.',
);

test('an agent chooses among those that the server offers', async () => {
  const { ash } = use;
  const files = { 'CLAUDE.md': 'x', '.ash/sandbox.json': JSON.stringify({ isolation: other }) };
  await ash.client.deployAgent('chooser', await ash.agentFolder('chooser', files));
  const chosen = await ash.client.createSession('chooser');
  const usual = await ash.session();
  expect([chosen.isolation, usual.isolation]).toEqual([other, 'bubblewrap']);
  expect(chosen.enforced.files).toBe(other === 'oci');
  expect((await say(ash, usual.id, firstProcess)).text).toContain('bwrap --args');
  const turn = await say(ash, chosen.id, firstProcess);
  expect(turn).toMatchObject({ status: 'completed' });
  if (other !== 'oci') return;
  expect(turn.text).toContain('/usr/bin/perl -e');
  const ran = await ash.call('POST', `/api/sessions/${chosen.id}/exec`, {
    body: { command: 'id -u; cat /proc/1/comm' },
  });
  expect(await ran.json()).toMatchObject({ exitCode: 0, stdout: '1000\nperl\n' });
});

test('it can’t ask for another one, and is told what there is', async () => {
  const { ash } = use;
  const files = { 'CLAUDE.md': 'x', '.ash/sandbox.json': '{"isolation": "none at all"}' };
  await ash.client.deployAgent('bold', await ash.agentFolder('bold', files));
  const refused = await ash.call('POST', '/api/sessions', { body: { agent: 'bold' } });
  expect([refused.status, await refused.json()]).toEqual([
    400,
    expect.objectContaining({ code: 'agent_file_invalid', error: expect.stringContaining('ASH_ISOLATION_ALLOW') }),
  ]);
});

test('a session whose isolation is no longer offered says so, and goes on when it is again', async () => {
  const { ash } = use;
  const files = { 'CLAUDE.md': 'x', '.ash/sandbox.json': JSON.stringify({ isolation: other }) };
  await ash.client.deployAgent('loyal', await ash.agentFolder('loyal', files));
  const { id } = await ash.client.createSession('loyal');
  await say(ash, id, 'My name is Alice.');
  await ash.stop('SIGINT');
  await ash.start({});
  const turn = await say(ash, id, 'What is my name?');
  expect(turn.error).toMatchObject({
    code: 'sandbox_launch_failed',
    error: expect.stringContaining(`no ${other} isolation`),
  });
  await ash.stop('SIGINT');
  await ash.start({ ASH_ISOLATION_ALLOW: other });
  expect((await say(ash, id, 'What is my name?')).text).toContain('Alice');
});
