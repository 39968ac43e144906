/** Attachments over HTTP. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isId, newId } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { env, failure, missingFor, otherKey } from './tenant.ts';

const server = useAsh({ env: { ...env, ASH_MAX_ATTACHMENT_SIZE: '1000' } });

async function upload(sessionId: string, body: object): Promise<Response> {
  return await server.ash.call('POST', `/api/sessions/${sessionId}/attachments`, { body });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('an attachment is stored, copied, listed, downloaded and deleted', async () => {
  const { ash } = server;
  const { id: sessionId } = await ash.session();
  const messageId = newId();
  const response = await upload(sessionId, {
    filename: 'photo.png',
    content: base64('bytes'),
    mimeType: 'image/png',
    messageId,
  });
  expect(response.status).toBe(201);
  const { attachment } = (await response.json()) as { attachment: { id: string } };
  expect(attachment).toEqual({
    id: expect.any(String),
    tenantId: 'default',
    messageId,
    sessionId,
    filename: 'photo.png',
    mimeType: 'image/png',
    size: 5,
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect(isId(attachment.id)).toBe(true);
  expect(await readFile(join(ash.dataDir, 'attachments', sessionId, attachment.id, 'photo.png'), 'utf8')).toBe('bytes');
  expect((await ash.client.exec(sessionId, 'cat attachments/photo.png')).stdout).toBe('bytes');

  const second = await ash.client.uploadAttachment(sessionId, 'b', Buffer.from('b'));
  expect(second).toMatchObject({ messageId: 'unlinked', mimeType: 'application/octet-stream', size: 1 });
  const list = await ash.call('GET', `/api/sessions/${sessionId}/attachments`);
  expect(await list.json()).toEqual({ attachments: [attachment, second] });

  const raw = await ash.call('GET', `/api/attachments/${attachment.id}`);
  expect([raw.status, Object.fromEntries(raw.headers)]).toMatchObject([
    200,
    {
      'content-type': 'image/png',
      'content-length': '5',
      'content-disposition': "attachment; filename*=UTF-8''photo.png",
      'x-content-type-options': 'nosniff',
    },
  ]);
  expect(await raw.text()).toBe('bytes');
  expect(Buffer.from(await ash.client.downloadAttachment(attachment.id)).toString()).toBe('bytes');

  const gone = await ash.call('DELETE', `/api/attachments/${attachment.id}`);
  expect([gone.status, await gone.text()]).toEqual([204, '']);
  await missingFor(ash, ash.key, 'attachment_not_found', [
    ['GET', `/api/attachments/${attachment.id}`],
    ['DELETE', `/api/attachments/${attachment.id}`],
  ]);
  expect(await ash.client.listAttachments(sessionId)).toEqual([second]);
  expect(await readdir(join(ash.dataDir, 'attachments', sessionId))).toEqual([second.id]);
  expect((await ash.client.exec(sessionId, 'ls attachments')).stdout).toBe('b\nphoto.png\n');
  await rm(join(ash.dataDir, 'attachments', sessionId), { recursive: true });
  await missingFor(ash, ash.key, 'attachment_not_found', [['GET', `/api/attachments/${second.id}`]]);
});

test.each([
  ['../../etc/passwd', 'passwd'],
  ['/', 'unnamed'],
  ['..', 'unnamed'],
  ['a/.', 'unnamed'],
  ['C:\\temp\\x.txt', 'x.txt'],
  ['it\'s "odd"\n👋.txt', 'it\'s "odd"\n👋.txt'],
])('the name %j becomes %j', async (filename, name) => {
  const { ash } = server;
  const { id } = await ash.session();
  const attachment = await ash.client.uploadAttachment(id, filename, Buffer.from('x'));
  expect(attachment.filename).toBe(name);
  const { headers } = await ash.call('HEAD', `/api/attachments/${attachment.id}`);
  const encoded = headers.get('content-disposition')?.replace("attachment; filename*=UTF-8''", '') ?? '';
  expect([decodeURIComponent(encoded), /['"\s]/.test(encoded)]).toEqual([name, false]);
  const { files } = await ash.client.getSessionFiles(id);
  expect(files.map(({ path }) => path)).toContain(`attachments/${name}`);
});

test('bad ones are refused', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  const good = { filename: 'a', content: base64('x') };
  const bad: [object, number, string][] = [
    [{ ...good, content: '' }, 400, 'validation_failed'],
    [{ ...good, content: '====' }, 400, 'validation_failed'],
    [{ ...good, content: 'not base64!' }, 400, 'validation_failed'],
    [{ content: good.content }, 400, 'validation_failed'],
    [{ ...good, filename: '' }, 400, 'validation_failed'],
    [{ ...good, filename: 'é'.repeat(128) }, 400, 'validation_failed'],
    [{ ...good, filename: 'x'.repeat(100_000) }, 400, 'validation_failed'],
    [{ ...good, filename: '\ud800' }, 400, 'validation_failed'],
    [{ ...good, mimeType: 'text/html\r\nset-cookie: a' }, 400, 'validation_failed'],
    [{ ...good, mimeType: 'odd' }, 400, 'validation_failed'],
    [{ ...good, messageId: '1' }, 400, 'validation_failed'],
    [{ ...good, content: base64('x'.repeat(1001)) }, 413, 'attachment_too_large'],
    [{ ...good, content: 'A'.repeat(100_000) }, 413, 'attachment_too_large'],
  ];
  for (const [body, status, code] of bad) {
    expect([body, await failure(await upload(id, body))]).toEqual([body, [status, code]]);
  }
  expect((await upload(id, { ...good, content: base64('x'.repeat(1000)) })).status).toBe(201);
  expect((await ash.client.listAttachments(id)).length).toBe(1);
});

test('one that finds no place in the workspace is stored all the same', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  await ash.client.exec(id, `ln -s ${ash.dataDir} attachments`);
  const attachment = await ash.client.uploadAttachment(id, 'x', Buffer.from('x'));
  expect(Buffer.from(await ash.client.downloadAttachment(attachment.id)).toString()).toBe('x');
  expect(await readdir(ash.dataDir)).not.toContain('x');
  expect((await ash.client.exec(id, 'test -L attachments')).exitCode).toBe(0);
});

test('another tenant finds nothing', async () => {
  const { ash } = server;
  const { id: sessionId } = await ash.session();
  const { id } = await ash.client.uploadAttachment(sessionId, 'x', Buffer.from('x'));
  const key = await otherKey(ash);
  await missingFor(ash, key, 'session_not_found', [
    ['POST', `/api/sessions/${sessionId}/attachments`, { filename: 'a', content: 'AAAA' }],
    ['GET', `/api/sessions/${sessionId}/attachments`],
  ]);
  await missingFor(ash, key, 'attachment_not_found', [
    ['GET', `/api/attachments/${id}`],
    ['DELETE', `/api/attachments/${id}`],
  ]);
  await missingFor(ash, ash.key, 'attachment_not_found', [['GET', `/api/attachments/${newId()}`]]);
  expect(await ash.client.listAttachments(sessionId)).toHaveLength(1);
});

test('the same idempotency key stores once', async () => {
  const { ash } = server;
  const { id } = await ash.session();
  const headers = { 'idempotency-key': newId() };
  const post = (text: string) =>
    ash.call('POST', `/api/sessions/${id}/attachments`, {
      body: { filename: 'a.txt', content: Buffer.from(text).toString('base64') },
      headers,
    });
  const first = await (await post('one')).json();
  const again = await post('one');
  expect([again.status, await again.json()]).toEqual([201, first]);
  expect(await failure(await post('two'))).toEqual([422, 'idempotency_key_reused']);
  const [stored, ...more] = await ash.client.listAttachments(id);
  expect(more).toEqual([]);
  await ash.client.deleteAttachment(String(stored?.id));
  expect(await failure(await post('one'))).toEqual([404, 'attachment_not_found']);
});
