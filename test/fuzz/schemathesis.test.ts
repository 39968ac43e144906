/** A fuzzer that knows only the OpenAPI document finds no 5xx, no undocumented status and no schema violation over all routes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { script } from '@ash-ai/scripted-model';
import { contract, type Route } from '@ash-ai/shared/contract';
import { expect, test, vi } from 'vitest';
import { useAsh } from '../e2e/harness.ts';
import { Reader } from '../e2e/streams.ts';
import { schemathesis } from './schemathesis.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const tenMinutes = 600_000;
vi.setConfig({ testTimeout: tenMinutes, hookTimeout: 180_000 });
const internalSecret = 'internal-secret-of-the-fuzzer';
const use = useAsh({
  env: {
    ASH_CREDENTIAL_KEY: 'seals-what-is-fuzzed',
    ASH_INTERNAL_SECRET: internalSecret,
    ASH_MAX_SANDBOXES: '4',
    ASH_QUEUE_CONCURRENCY: '1',
  },
});

/** One of everything, so that the fuzzer gets past "not found". */
async function furnish(): Promise<Record<string, string>> {
  const { ash } = use;
  const { client } = ash;
  const [session, restless, ended, asking] = [
    await ash.session(),
    await ash.session(),
    await ash.session(),
    await client.createSession('agent', { permissionMode: 'default' }),
  ];
  const turn = await (await Reader.send(ash, session.id, 'Hello!')).turn();
  const write = { text: 'I will write.', tools: [{ name: 'Bash', input: { command: 'echo mark > marks.txt' } }] };
  const reader = await Reader.send(ash, asking.id, script(write, 'Done.'));
  const { data } = await reader.until(({ event }) => event === 'approval');
  await reader.leave();
  await client.endSession(ended.id);
  const path = 'CLAUDE.md';
  const content = Buffer.from('# Notes\n').toString('base64');
  await ash.call('POST', `/api/sessions/${session.id}/files`, { body: { files: [{ path, content }] } });
  const attached = await ash.call('POST', `/api/sessions/${session.id}/attachments`, {
    body: { filename: 'notes.md', content, mimeType: 'text/markdown' },
  });
  const { attachment } = (await attached.json()) as { attachment: { id: string } };
  const queued = await ash.call('POST', '/api/queue', { body: { agentName: 'agent', prompt: 'Hello!' } });
  const { item } = (await queued.json()) as { item: { id: string } };
  const stored = await ash.call('POST', '/api/credentials', { body: { type: 'custom', key: 'a-secret' } });
  const { credential } = (await stored.json()) as { credential: { id: string } };
  const hooked = await client.createWebhook('https://hooks.invalid/ash');
  const restlessHook = await client.createWebhook('https://hooks.invalid/restless');
  const delivery = await client.testWebhook(hooked.webhook.id);
  const [key] = await client.listApiKeys();
  const bundle = await (await ash.call('GET', `/api/sessions/${session.id}/workspace`)).arrayBuffer();
  return {
    url: ash.url,
    key: ash.key,
    internalSecret,
    agent: 'agent',
    path,
    session: session.id,
    turn: String(turn.events[0]?.data.turnId),
    restless: restless.id,
    ended: ended.id,
    asking: asking.id,
    approval: String(data.approvalId),
    attachment: attachment.id,
    queueItem: item.id,
    credential: credential.id,
    webhook: hooked.webhook.id,
    restlessWebhook: restlessHook.webhook.id,
    delivery: delivery.id,
    keyId: key?.id ?? '',
    bundle: Buffer.from(bundle).toString('base64'),
  };
}

/** Ends what would wait for an answer for ever, or work on after the end. */
async function endTurns({ asking = '', session = '' }: Record<string, string>): Promise<void> {
  for (const id of [asking, session]) await use.ash.client.endSession(id);
}

/** Runs Schemathesis over every operation; what it said, and the statuses that each operation answered with. */
async function fuzz(program: string, there: Record<string, string>): Promise<{ said: string; statuses: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-fuzz-'));
  try {
    const statuses = join(folder, 'statuses');
    const args = ['--config-file', join(here, 'schemathesis.toml'), 'run', `${there.url}/docs/json`];
    const child = spawn(program, [...args, '--url', there.url ?? '', '--no-color'], {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? '',
        PYTHONDONTWRITEBYTECODE: '1',
        SCHEMATHESIS_HOOKS: join(here, 'hooks.py'),
        ASH_FUZZ_THERE: JSON.stringify(there),
        ASH_FUZZ_STATUSES: statuses,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: tenMinutes - 60_000,
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    const said = `${out}${err}${child.exitCode === 0 ? '' : `\nSchemathesis ended with ${child.exitCode}`}`;
    return { said, statuses: await readFile(statuses, 'utf8').catch(() => '') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('Schemathesis finds nothing, and really reaches every route', async ({ skip }) => {
  const program = await schemathesis().catch((cause: unknown) => {
    console.warn(`Schemathesis can't be installed here: ${cause}`);
    return undefined;
  });
  if (program === undefined) return skip('Schemathesis is not there: see above');
  const there = await furnish();
  const { said, statuses } = await fuzz(program, there).finally(() => endTurns(there));
  // The whole report, when it has anything to tell.
  expect(said).not.toContain('Schemathesis ended with');
  console.log(`Schemathesis: ${/\d+ generated, .*/.exec(said)?.[0]}`);
  const met = new Set(statuses.trim().split('\n'));
  for (const [name, { reply }] of Object.entries<Route>(contract)) {
    expect(met.has(`${name} ${reply.status}`), `${name} answered ${reply.status}`).toBe(true);
  }
});
