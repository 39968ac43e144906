/** The calls about files, attachments and commands: what is sent and what is made of the answers. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { AshClient } from '../src/index.ts';
import { answerJson, startServer } from './server.ts';

test('paths keep their slashes, and every segment is encoded', async () => {
  await using server = await startServer((response) => answerJson(response, 200, { files: [] }));
  const client = new AshClient({ serverUrl: server.url });
  await client.listAgentFiles('a/b');
  await client.getAgentFile('poet', 'skills/a b/ü?#%.md');
  await client.getSessionFiles('s');
  await client.getSessionFiles('s', { includeHidden: false });
  await client.getSessionFile('s', './src/main.ts');
  await client.deleteSessionFile('s', 'a');
  await client.getSessionLogs('s', { after: 7 });
  expect(server.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /api/agents/a%2Fb/files',
    'GET /api/agents/poet/files/skills/a%20b/%C3%BC%3F%23%25.md?format=json',
    'GET /api/sessions/s/files',
    'GET /api/sessions/s/files?includeHidden=false',
    'GET /api/sessions/s/files/src/main.ts?format=json',
    'DELETE /api/sessions/s/files/a',
    'GET /api/sessions/s/logs?after=7',
  ]);
});

test.for(['', '.', '..', '../x', 'a/../b', 'a//b', '/etc/passwd', 'a/'])(
  '%j names no file and is not sent',
  async (path) => {
    await using server = await startServer((response) => answerJson(response, 200, {}));
    const client = new AshClient({ serverUrl: server.url });
    await expect(client.downloadSessionFile('s', path)).rejects.toMatchObject({ statusCode: 400 });
    expect(server.asked).toHaveLength(0);
  },
);

test('bytes go out in base64 and come back as they are', async () => {
  const bytes = randomBytes(300_001);
  await using server = await startServer((response, asked) =>
    asked.method === 'GET'
      ? void response
          .writeHead(200, { 'content-type': 'image/png', 'x-ash-source': 'sandbox' })
          .end(asked.url.includes('empty') ? '' : bytes)
      : asked.method === 'DELETE'
        ? void response.writeHead(204).end()
        : answerJson(response, 201, { attachment: { id: 'a' }, message: 'done', files: [] }),
  );
  const client = new AshClient({ serverUrl: server.url });
  await client.uploadAttachment('s', 'x.png', new Uint8Array(bytes), { mimeType: 'image/png' });
  await client.uploadWorkspace('s', bytes);
  await client.writeSessionFiles('s', [{ path: 'a', content: '' }], 'dir');
  await client.deleteAttachment('a');
  const content = bytes.toString('base64');
  expect(server.asked.map(({ body }) => body)).toEqual([
    { filename: 'x.png', content, mimeType: 'image/png' },
    { bundle: content },
    { files: [{ path: 'a', content: '' }], targetPath: 'dir' },
    undefined,
  ]);
  for (const got of [await client.downloadAttachment('a'), await client.downloadWorkspace('s')]) {
    expect(Buffer.isBuffer(got) && got.equals(bytes)).toBe(true);
  }
  const file = await client.downloadSessionFile('s', 'x.png');
  expect(file).toMatchObject({ mimeType: 'image/png', source: 'sandbox' });
  expect((await client.downloadSessionFile('s', 'empty')).buffer).toHaveLength(0);
  const raw = await client.downloadSessionFileRaw('s', 'x.png');
  expect(raw.headers.get('content-type')).toBe('image/png');
  await raw.body?.cancel();
});

test('a command is given its time and is not repeated', async () => {
  await using server = await startServer((response, _asked, count) =>
    count === 1
      ? void setTimeout(() => answerJson(response, 200, { exitCode: 0, stdout: '', stderr: '' }), 50)
      : answerJson(response, 503, {}),
  );
  const client = new AshClient({ serverUrl: server.url, timeoutMs: 10 });
  expect(await client.exec('s', 'ls', { timeout: 5 })).toMatchObject({ exitCode: 0 });
  await expect(client.exec('s', 'ls')).rejects.toMatchObject({ statusCode: 503 });
  expect(server.asked.map(({ body }) => body)).toEqual([{ command: 'ls', timeout: 5 }, { command: 'ls' }]);
});
