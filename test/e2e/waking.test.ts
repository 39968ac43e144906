/** Commands and file calls that need the proxy of a sleeping session wake it; what stands in the way of that is said by its code. */
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { Reader, say } from './streams.ts';

const use = useAsh({ env: { ASH_SPARES: 'off', ASH_MAX_SANDBOXES: '1' } });
const egress = { allow: ['example.test'] };

/** What a command, or the first look at the files, comes to. */
async function refusal(path: string, body?: object): Promise<{ status: number }> {
  const reply = await use.ash.call(body === undefined ? 'GET' : 'POST', path, { ...(body && { body }) });
  return { status: reply.status, ...((await reply.json()) as object) };
}
const exec = (id: string) => refusal(`/api/sessions/${id}/exec`, { command: 'true' });

test('its turn waits for an answer, asleep', async () => {
  const { ash } = use;
  const { id } = await ash.client.createSession('agent', { permissionMode: 'default', egress });
  const reader = await Reader.send(ash, id, script({ tools: [{ name: 'Bash', input: { command: 'echo x > y' } }] }));
  await reader.until(({ event }) => event === 'approval');
  // Whoever needs the place gets it.
  const other = await ash.session();
  await say(ash, other.id, 'Hello.');
  await until(() => processesOf(`${ash.dataDir}/sandboxes/${id}`).length === 0);
  expect(await exec(id)).toMatchObject({ status: 409, code: 'session_busy' });
  await reader.leave();
});

test('the tenant may spend nothing more', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ ASH_TENANT_SPEND_USD: '0.000001' });
  const spent = await ash.session();
  await say(ash, spent.id, 'Hello.');
  const { id } = await ash.client.createSession('agent', { egress });
  expect(await exec(id)).toMatchObject({ status: 402, code: 'spend_limit_reached' });
  const walled = await ash.client.createSession('agent');
  expect(await exec(walled.id)).toMatchObject({ status: 200, exitCode: 0 });
});

test('no place is free', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ ASH_SPARES: 'off', ASH_MAX_SANDBOXES: '1', ASH_CAPACITY_WAIT_MS: '300' });
  const files = { 'CLAUDE.md': 'x', '.ash/sandbox.json': JSON.stringify({ egress }), 'startup.sh': 'true' };
  await ash.client.deployAgent('set-up', await ash.agentFolder('set-up', files));
  const busy = await ash.session();
  const held = ash.gate.hold('busy for long');
  const first = await Reader.send(ash, busy.id, 'busy for long');
  await held.reached;
  const asleep = await ash.client.createSession('set-up');
  const full = { status: 503, code: 'capacity_reached' };
  expect(await exec(asleep.id)).toMatchObject(full);
  expect(await refusal(`/api/sessions/${asleep.id}/files`)).toMatchObject(full);
  // A paused one is not woken behind its owner's back.
  const paused = await ash.client.createSession('set-up');
  await ash.client.pauseSession(paused.id);
  const notActive = { status: 400, code: 'session_not_active' };
  expect(await refusal(`/api/sessions/${paused.id}/files`)).toMatchObject(notActive);
  held.open();
  await first.turn();
});
