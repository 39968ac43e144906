/** A server in a container: with deploy/seccomp.json and unmasked system paths its walls stand; without, it says what it needs. */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { script, startScriptedModel } from '@ash-ai/scripted-model';
import { AshClient } from '@ash-ai/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { type Container, startInContainer } from './container.ts';

const profile = new URL('../../deploy/seccomp.json', import.meta.url);
const able = process.getuid?.() === 0 && existsSync('/usr/sbin/runc');
if (!able) console.warn('server in a container: not tested, it wants root and runc');

async function start(unmasked: boolean): Promise<{ container: Container; dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-container-'));
  await chmod(dir, 0o711);
  const model = await startScriptedModel();
  const container = await startInContainer({
    ...{ dir, unmasked, seccomp: JSON.parse(await readFile(profile, 'utf8')) },
    env: {
      ...{ ASH_HOST: '127.0.0.1', ASH_PORT: '0', ASH_DATA_DIR: join(dir, 'shared', 'data') },
      ...{ ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'key-of-the-model' },
    },
  });
  onTestFinished(async () => {
    container.child.kill('SIGTERM');
    await container.exited;
    await model[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
  return { container, dir };
}

test.runIf(able)('serves, with walls, with what the compose file gives it', async () => {
  const { container, dir } = await start(true);
  const serverUrl = await container.ready;
  expect(serverUrl, JSON.stringify(container.log)).toBeDefined();
  const apiKey = (await readFile(join(dir, 'shared', 'data', 'initial-api-key'), 'utf8')).trim();
  const client = new AshClient({ serverUrl: serverUrl ?? '', apiKey });
  const content = Buffer.from('Do what the user says.').toString('base64');
  await client.createAgent('agent', { files: [{ path: 'CLAUDE.md', content }] });
  const session = await client.createSession('agent');
  expect(session).toMatchObject({
    isolation: 'bubblewrap',
    // Groups can't be made in there; the container's own limits hold for all together.
    enforced: { files: true, network: true, syscalls: true, privateUids: true, pids: 'rlimit' },
  });
  const look = "id -u; cat /etc/shadow 2>&1; grep -E 'CapEff|Seccomp:' /proc/self/status; ls /proc | grep -c '^[0-9]'";
  const said: string[] = [];
  const prompt = script({ tools: [{ name: 'Bash', input: { command: look } }] }, 'It said {{result}}.');
  for await (const event of client.sendMessageStream(session.id, prompt)) said.push(JSON.stringify(event));
  const text = said.join('\n');
  expect(text).toContain('1000');
  expect(text).toMatch(/shadow: (No such file|Permission denied)/);
  expect(text).toContain('CapEff:\\t0000000000000000');
  await client.endSession(session.id);
});

test.runIf(able)(
  'refuses to serve behind masked paths, and says exactly what to write into the compose file',
  async () => {
    const { container } = await start(false);
    expect(await container.ready).toBeUndefined();
    const said = JSON.stringify(container.log);
    expect(said).toContain('systempaths=unconfined');
    expect(said).toContain('seccomp=./seccomp.json');
    expect(said).toContain('privileged');
  },
);
