/** Files of agents and sessions over HTTP, on a real server with real sandboxes. */
import { createHash } from 'node:crypto';
import { readdir, rm, stat, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { env, failure, missingFor, otherKey } from './tenant.ts';

const server = useAsh({ env });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** A session with these files, written through the API. */
async function sessionWith(files: Record<string, string>): Promise<string> {
  const { id } = await server.ash.session();
  const list = Object.entries(files).map(([path, content]) => ({ path, content: base64(content) }));
  const response = await server.ash.call('POST', `/api/sessions/${id}/files`, { body: { files: list } });
  expect(response.status).toBe(200);
  const written = (await response.json()) as { files: { written: boolean }[] };
  expect(written.files.every((file) => file.written)).toBe(true);
  return id;
}

/** A request whose path nobody normalises on the way. */
async function callAsIs(method: string, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(server.ash.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.ash.key}\r\nConnection: close\r\n\r\n`,
  );
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
  return { status: Number(answer.split(' ')[1]), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) };
}

describe('files of an agent', () => {
  test('are listed and read as they were deployed', async () => {
    const { ash } = server;
    const folder = await ash.agentFolder('library', {
      'CLAUDE.md': '# Library\n',
      'skills/a/SKILL.md': 'grüße',
      'data.json': '{}',
      'node_modules/x/index.js': '',
      'tmp/x': '',
      'server.pid': '',
    });
    await symlink('CLAUDE.md', join(folder, 'link.md'));
    await ash.client.deployAgent('library', folder);
    const listed = await ash.call('GET', '/api/agents/library/files');
    expect(await listed.json()).toEqual({
      files: [
        { path: 'CLAUDE.md', size: 10, modifiedAt: instant },
        { path: 'data.json', size: 2, modifiedAt: instant },
        { path: 'skills/a/SKILL.md', size: 7, modifiedAt: instant },
      ],
    });
    const json = await ash.call('GET', '/api/agents/library/files/skills/a/SKILL.md');
    expect(await json.json()).toEqual({ path: 'skills/a/SKILL.md', content: 'grüße', size: 7 });
    const types = { 'CLAUDE.md': 'text/markdown', 'data.json': 'application/json' };
    for (const [path, type] of Object.entries(types)) {
      const raw = await ash.call('GET', `/api/agents/library/files/${path}?format=raw`);
      expect([raw.headers.get('content-type'), raw.headers.get('content-disposition')]).toEqual([
        type,
        `attachment; filename*=UTF-8''${path}`,
      ]);
      expect(raw.headers.get('content-length')).toBe(String((await raw.arrayBuffer()).byteLength));
    }
    expect(await ash.client.listAgentFiles('library')).toMatchObject({ files: { length: 3 } });
    const { files: hashed } = await ash.client.listAgentFiles('library', { hashes: true });
    expect(hashed.find(({ path }) => path === 'data.json')?.sha256).toBe(
      createHash('sha256').update('{}').digest('hex'),
    );
    expect(await ash.client.getAgentFile('library', 'data.json')).toEqual({
      path: 'data.json',
      content: '{}',
      size: 2,
    });
  });

  test('have their errors, and are another tenant’s to no one', async () => {
    const { ash } = server;
    const at = (path: string) => ash.call('GET', `/api/agents/agent/files/${path}`);
    expect(await failure(await at('missing'))).toEqual([404, 'file_not_found']);
    expect(await failure(await at('%2e%2e%2fCLAUDE.md'))).toEqual([400, 'file_path_invalid']);
    expect(await failure(await at(''))).toEqual([400, 'file_path_invalid']);
    expect(await failure(await at('CLAUDE.md?format=odd'))).toEqual([400, 'validation_failed']);
    const missing = [['GET', '/api/agents/nobody/files'] as const, ['GET', '/api/agents/nobody/files/x'] as const];
    await missingFor(ash, ash.key, 'agent_not_found', missing);
    await missingFor(ash, await otherKey(ash), 'agent_not_found', [
      ['GET', '/api/agents/agent/files'],
      ['GET', '/api/agents/agent/files/CLAUDE.md'],
    ]);
    const { path } = await ash.client.deployAgent('gone', await ash.agentFolder('gone', { 'CLAUDE.md': 'x' }));
    await rm(path, { recursive: true });
    await missingFor(ash, ash.key, 'agent_files_not_found', [
      ['GET', '/api/agents/gone/files'],
      ['GET', '/api/agents/gone/files/CLAUDE.md'],
    ]);
  });
});

describe('files of a session', () => {
  test('are there at once, and in every status', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    const list = async () => (await ash.call('GET', `/api/sessions/${id}/files`)).json();
    expect(await list()).toEqual({
      files: [{ path: 'CLAUDE.md', size: expect.any(Number), modifiedAt: instant }],
      source: expect.stringMatching(/^(sandbox|snapshot)$/),
    });
    await ash.call('POST', `/api/sessions/${id}/exec`, { body: { command: 'echo deep > made.txt' } });
    await ash.client.stopSession(id);
    expect(await list()).toMatchObject({
      files: [{ path: 'CLAUDE.md' }, { path: 'made.txt', size: 5 }],
      source: 'snapshot',
    });
    await ash.client.resumeSession(id);
    await Array.fromAsync(ash.client.sendMessageStream(id, 'Hello!'));
    expect(await list()).toMatchObject({ source: 'sandbox' });
    const ended = await ash.client.endSession(id);
    expect(ended.status).toBe('ended');
    expect(await list()).toMatchObject({ source: 'snapshot', files: { length: 2 } });
    await rm(join(ash.dataDir, 'sandboxes', id, 'workspace.json'));
    expect(await failure(await ash.call('GET', `/api/sessions/${id}/files`))).toEqual([404, 'workspace_not_found']);
  });

  test('are read as bytes and as text', async () => {
    const { ash } = server;
    const odd = `odd 'name' "ü"\n👋.html`;
    const id = await sessionWith({ [odd]: '<b>', 'a.TS': 'x', plain: 'y' });
    const path = `/api/sessions/${id}/files/${encodeURIComponent(odd)}`;
    const raw = await ash.call('GET', path);
    expect(raw.status).toBe(200);
    expect(Object.fromEntries(raw.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-length': '3',
      'content-disposition': `attachment; filename*=UTF-8''odd%20%27name%27%20%22%C3%BC%22%0A%F0%9F%91%8B.html`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-ash-source': expect.stringMatching(/^(sandbox|snapshot)$/),
    });
    expect(await raw.text()).toBe('<b>');
    const json = await ash.call('GET', `${path}?format=json`);
    expect(await json.json()).toEqual({ path: odd, content: '<b>', size: 3, source: raw.headers.get('x-ash-source') });
    const head = await ash.call('HEAD', path);
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '3', '']);
    for (const [name, type] of [
      ['a.TS', 'text/typescript'],
      ['plain', 'application/octet-stream'],
    ]) {
      const file = await ash.client.downloadSessionFile(id, String(name));
      expect([file.mimeType, file.buffer.length, Buffer.isBuffer(file.buffer)]).toEqual([type, 1, true]);
    }
    expect(await ash.client.getSessionFile(id, odd)).toMatchObject({ content: '<b>' });
    expect((await ash.client.getSessionFiles(id, { includeHidden: false })).files).toHaveLength(4);
  });

  test('have their limits', async () => {
    const { ash } = server;
    const id = await sessionWith({ fits: 'x'.repeat(1024 * 1024), over: 'x'.repeat(1024 * 1024 + 1) });
    const at = (path: string) => ash.call('GET', `/api/sessions/${id}/files/${path}`);
    expect((await (await at('fits?format=json')).json()) as object).toMatchObject({ size: 1024 * 1024 });
    expect(await failure(await at('over?format=json'))).toEqual([400, 'file_too_large']);
    expect((await (await at('over')).arrayBuffer()).byteLength).toBe(1024 * 1024 + 1);
    await ash.client.exec(id, `truncate -s ${100 * 1024 * 1024 + 1} giant`);
    expect(await failure(await at('giant'))).toEqual([400, 'file_too_large']);
    await ash.client.exec(id, 'truncate -s 3G giant');
    expect(await failure(await at('giant'))).toEqual([400, 'file_too_large']);
    const abandoned = await at('over');
    await abandoned.body?.cancel();
  });

  test('are written in a batch, each for itself', async () => {
    const { ash } = server;
    const id = await sessionWith({ a: 'before' });
    const files = [
      { path: 'a', content: base64('after') },
      { path: 'new/deep/b.txt', content: base64('b'), mimeType: 'text/plain' },
      { path: 'empty', content: '' },
      { path: '../escape', content: base64('x') },
      { path: '/etc/escape', content: base64('x') },
      { path: 'a/under', content: base64('x') },
      { path: '.DS_Store', content: base64('x') },
      { path: 'odd', content: 'not base64!' },
    ];
    const response = await ash.call('POST', `/api/sessions/${id}/files`, { body: { files } });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      files: [
        { path: 'a', written: true, size: 5 },
        { path: 'new/deep/b.txt', written: true, size: 1 },
        { path: 'empty', written: true, size: 0 },
        ...files.slice(3).map(({ path }) => ({ path, written: false, error: expect.stringMatching(/\w/) })),
      ],
    });
    expect(await readdir(join(ash.dataDir, 'sandboxes', id))).not.toContain('escape');
    // The agent's own processes can change what was written.
    const appended = await ash.client.exec(id, 'echo more >> a && rm new/deep/b.txt && rmdir new/deep && cat a');
    expect(appended).toEqual({ exitCode: 0, stdout: 'aftermore\n', stderr: '' });
    const below = await ash.client.writeSessionFiles(id, [{ path: 'x', content: base64('x') }], 'in/here');
    expect(below.files).toEqual([{ path: 'x', written: true, size: 1 }]);
    expect(await ash.client.getSessionFile(id, 'in/here/x')).toMatchObject({ content: 'x' });
  });

  test('a batch has its limits', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    const post = (body: unknown) => ash.call('POST', `/api/sessions/${id}/files`, { body });
    const one = { path: 'a', content: '' };
    expect(await failure(await post({ files: [] }))).toEqual([400, 'validation_failed']);
    expect(await failure(await post({ files: Array.from({ length: 501 }, () => one) }))).toEqual([
      400,
      'validation_failed',
    ]);
    expect(await failure(await post({ files: [{ path: 'a' }] }))).toEqual([400, 'validation_failed']);
    expect(await failure(await post({ files: [one], targetPath: '../x' }))).toEqual([400, 'file_path_invalid']);
    const most = 'A'.repeat(Math.ceil((50 * 1024 * 1024) / 3) * 4).replace(/AA$/, '==');
    const big = await post({ files: [{ path: 'over', content: `AAAA${most}` }] });
    expect(await big.json()).toEqual({
      files: [{ path: 'over', written: false, error: expect.stringContaining('52428800') }],
    });
    const sum = await post({
      files: ['one', 'two', 'three'].map((path) => ({ path, content: path === 'three' ? 'AAAA' : most })),
    });
    expect(await sum.json()).toMatchObject({
      files: [{ written: true }, { written: true }, { written: false, error: expect.stringContaining('104857600') }],
    });
  });

  test('are deleted', async () => {
    const { ash } = server;
    const id = await sessionWith({ 'dir/a': 'a', b: 'b' });
    const gone = await ash.call('DELETE', `/api/sessions/${id}/files/dir/a`);
    expect([gone.status, await gone.json()]).toEqual([200, { path: 'dir/a', deleted: true }]);
    const at = (path: string) => ash.call('DELETE', `/api/sessions/${id}/files/${path}`);
    expect(await failure(await at('dir/a'))).toEqual([404, 'file_not_found']);
    expect(await failure(await at('dir'))).toEqual([400, 'not_a_file']);
    expect(await failure(await at(''))).toEqual([400, 'file_path_invalid']);
    expect(await failure(await at('%2fetc%2fhosts'))).toEqual([400, 'file_path_invalid']);
    expect(await ash.client.deleteSessionFile(id, 'b')).toEqual({ path: 'b', deleted: true });
  });

  test('lead nowhere else: ways up, links, FIFOs, in every spelling', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    const secret = join(ash.dataDir, 'ash.db');
    const before = (await stat(secret)).ino;
    const made = await ash.client.exec(
      id,
      `ln -s ${ash.dataDir} data; ln -s ${secret} db; ln -s / root; ln -s . self; mkfifo fifo; ln -s /proc/self/environ env; mkdir dir`,
    );
    expect(made.exitCode).toBe(0);
    const base = `/api/sessions/${id}/files`;
    const ups = [
      '../../../ash.db',
      '%2e%2e/%2e%2e/%2e%2e/ash.db',
      '..%2f..%2f..%2fash.db',
      'dir/../../../../ash.db',
      './../x',
      '//etc/passwd',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      'a%00b',
      'dir//x',
      '..',
    ];
    for (const method of ['GET', 'DELETE']) {
      for (const path of ups) {
        const { status, body } = await callAsIs(method, `${base}/${path}`);
        expect([path, status, (JSON.parse(body) as { code: string }).code]).toEqual([
          path,
          400,
          path.includes('%00') ? 'validation_failed' : 'file_path_invalid',
        ]);
      }
      for (const path of ['data/ash.db', 'root/etc/passwd', 'self/CLAUDE.md', 'data/initial-api-key']) {
        expect([path, await failure(await ash.call(method, `${base}/${path}`))]).toEqual([
          path,
          [404, 'file_not_found'],
        ]);
      }
      for (const path of ['db', 'env', 'fifo', 'dir', 'root']) {
        expect([path, await failure(await ash.call(method, `${base}/${path}`))]).toEqual([path, [400, 'not_a_file']]);
      }
    }
    const { files } = await ash.client.getSessionFiles(id);
    expect(files.map(({ path }) => path)).toEqual(['CLAUDE.md']);
    const written = await ash.client.writeSessionFiles(
      id,
      ['data/x', 'root/tmp/x', 'self/y'].map((path) => ({ path, content: base64('x') })),
    );
    expect(written.files.map((file) => file.written)).toEqual([false, false, false]);
    expect(
      await failure(await ash.call('POST', base, { body: { files: [{ path: 'x', content: '' }], targetPath: '..' } })),
    ).toEqual([400, 'file_path_invalid']);
    expect((await stat(secret)).ino).toBe(before);
    expect(await readdir(ash.dataDir)).not.toContain('x');
  });

  test('are a missing session’s to another tenant', async () => {
    const { ash } = server;
    const { id } = await ash.session();
    const body = { files: [{ path: 'a', content: '' }] };
    const routes = (session: string) =>
      [
        ['GET', `/api/sessions/${session}/files`],
        ['GET', `/api/sessions/${session}/files/CLAUDE.md`],
        ['POST', `/api/sessions/${session}/files`, body],
        ['DELETE', `/api/sessions/${session}/files/CLAUDE.md`],
      ] as const;
    await missingFor(ash, await otherKey(ash), 'session_not_found', routes(id));
    await missingFor(ash, ash.key, 'session_not_found', routes(newId()));
    expect((await ash.client.getSessionFiles(id)).files).toMatchObject([{ path: 'CLAUDE.md' }]);
    expect(await failure(await ash.call('GET', '/api/sessions/7/files'))).toEqual([400, 'validation_failed']);
  });

  test('a file that the agent runs as root would be is nothing: no set-user-id, no owner but its own', async () => {
    const { ash } = server;
    const id = await sessionWith({ 'run.sh': '#!/bin/sh\necho ran' });
    await ash.client.exec(id, 'chmod 6755 run.sh');
    await ash.client.writeSessionFiles(id, [{ path: 'run.sh', content: base64('#!/bin/sh\nid -u') }]);
    const { stdout } = await ash.client.exec(id, 'stat -c "%a %u %g" run.sh . && ./run.sh');
    // 1000 is the agent inside; whoever isn't it shows as nobody.
    expect(stdout).toBe('755 1000 1000\n700 1000 1000\n1000\n');
  });
});

test('a workspace that is made while it is asked for is made once', async () => {
  const { ash } = server;
  const files: Record<string, string> = { 'CLAUDE.md': 'x' };
  for (let index = 0; index < 200; index++) files[`dir-${index % 10}/file-${index}`] = 'x';
  await ash.client.deployAgent('large', await ash.agentFolder('large', files));
  const { id } = await ash.client.createSession('large');
  const all = await Promise.all(Array.from({ length: 8 }, () => ash.client.getSessionFiles(id)));
  for (const { files: listed } of all) expect(listed).toHaveLength(201);
  await ash.client.exec(id, 'mkdir later && touch later/x');
  expect((await ash.client.getSessionFiles(id)).files).toHaveLength(202);
});
