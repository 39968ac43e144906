/** Workspaces as bundles over HTTP, out and in. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { newId } from '@ash-ai/shared';
import { expect, onTestFinished, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { env, failure, missingFor, otherKey } from './tenant.ts';

const server = useAsh({ env });

/** A tar.gz of a folder that the script fills. */
async function madeBy(script: string, ...options: string[]): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-bundle-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  execFileSync('bash', ['-c', script], { cwd: dir });
  return execFileSync('tar', ['czf', '-', ...options, '-C', dir, '.']);
}

test('a bundle goes out, and into another session, as it was', async () => {
  const { ash } = server;
  const from = await ash.session();
  const setup =
    'mkdir -p src node_modules/x; echo code > src/a.js; chmod 755 src/a.js; ln -s src/a.js link; touch .env node_modules/x/i; ln -s / out';
  expect((await ash.client.exec(from.id, setup)).exitCode).toBe(0);
  const response = await ash.call('GET', `/api/sessions/${from.id}/workspace`);
  expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
    200,
    {
      'content-type': 'application/gzip',
      'content-disposition': `attachment; filename="${from.id}.tar.gz"`,
      'content-length': expect.stringMatching(/^\d+$/),
    },
  ]);
  const bundle = Buffer.from(await response.arrayBuffer());
  const names = execFileSync('tar', ['tzf', '-'], { input: bundle }).toString().trim().split('\n');
  expect(names).toEqual(['CLAUDE.md', 'link', 'src/', 'src/a.js']);

  const to = await ash.session();
  await ash.client.writeSessionFiles(to.id, [{ path: 'mine', content: '' }]);
  const sent = await ash.call('POST', `/api/sessions/${to.id}/workspace`, {
    body: { bundle: bundle.toString('base64') },
  });
  expect([sent.status, await sent.json()]).toEqual([
    200,
    { message: expect.stringMatching(/^Workspace (restored to live sandbox|saved as snapshot)$/) },
  ]);
  const there = await ash.client.exec(to.id, 'cat link && ls -A && test -x src/a.js && echo more >> src/a.js');
  expect(there).toEqual({ exitCode: 0, stdout: 'code\nCLAUDE.md\nlink\nmine\nsrc\n', stderr: '' });
  expect(await readdir(join(ash.dataDir, 'sandboxes', to.id))).not.toContainEqual(expect.stringMatching(/^bundle-/));
});

test('the message tells whether the session was awake', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  const bundle = (await madeBy('echo x > a')).toString('base64');
  const post = async () =>
    (
      (await (await ash.call('POST', `/api/sessions/${id}/workspace`, { body: { bundle } })).json()) as {
        message: string;
      }
    ).message;
  await Array.fromAsync(ash.client.sendMessageStream(id, 'Hello!'));
  expect(await post()).toBe('Workspace restored to live sandbox');
  await ash.client.stopSession(id);
  expect(await post()).toBe('Workspace saved as snapshot');
  await ash.client.endSession(id);
  expect((await ash.client.downloadWorkspace(id)).length).toBeGreaterThan(0);
});

test('what is no bundle, or wants out, is refused', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  const before = (await ash.client.getSessionFiles(id)).files;
  const bundles = {
    empty: Buffer.alloc(0),
    'no gzip': Buffer.from('nonsense'),
    'no tar': gzipSync(randomBytes(1000)),
    'a way up': await madeBy('echo x > a', '--transform=s,^./a,../../a,'),
    'an absolute path': await madeBy('echo x > a', '--transform=s,^./a,/tmp/ash-escaped,', '-P'),
    'a hard link': await madeBy('echo x > a; ln a b'),
    'a FIFO': await madeBy('mkfifo a'),
    'a link outside': await madeBy('ln -s /etc a'),
    'a link up': await madeBy('mkdir a; ln -s ../.. a/b'),
  };
  for (const [what, bundle] of Object.entries(bundles)) {
    const response = await ash.call('POST', `/api/sessions/${id}/workspace`, {
      body: { bundle: bundle.toString('base64') },
    });
    expect([what, await failure(response)]).toEqual([what, [400, 'bundle_invalid']]);
  }
  for (const [body, code] of [
    [{ bundle: '!' }, 'bundle_invalid'],
    [{}, 'validation_failed'],
  ] as const) {
    expect(await failure(await ash.call('POST', `/api/sessions/${id}/workspace`, { body }))).toEqual([400, code]);
  }
  expect((await ash.client.getSessionFiles(id)).files).toEqual(before);
});

test('a bundle through a link that the agent made writes nothing outside', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  const outside = await mkdtemp(join(tmpdir(), 'ash-outside-'));
  onTestFinished(() => rm(outside, { recursive: true, force: true }));
  await writeFile(join(outside, 'kept'), 'kept');
  await ash.client.exec(id, `ln -s ${outside} way`);
  const bundle = await madeBy('mkdir way; echo x > way/kept; echo x > way/new');
  await expect(ash.client.uploadWorkspace(id, bundle)).rejects.toMatchObject({ code: 'bundle_invalid' });
  expect([await readdir(outside), await readFile(join(outside, 'kept'), 'utf8')]).toEqual([['kept'], 'kept']);
});

test('a workspace that is too large is not bundled', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  await ash.client.exec(id, 'truncate -s 2G giant');
  const response = await ash.call('GET', `/api/sessions/${id}/workspace`);
  expect(await failure(response)).toEqual([500, 'bundle_too_large']);
});

test('another tenant finds no session', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  const routes = (session: string) =>
    [
      ['GET', `/api/sessions/${session}/workspace`],
      ['POST', `/api/sessions/${session}/workspace`, { bundle: 'AAAA' }],
    ] as const;
  await missingFor(ash, await otherKey(ash), 'session_not_found', routes(id));
  await missingFor(ash, ash.key, 'session_not_found', routes(newId()));
});
