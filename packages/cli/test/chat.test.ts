import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ended, makeHome } from './ash.ts';
import { sessionId, startApi } from './fixture-api.ts';

test('one message: text on stdout, the session beside it', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const { code, stdout, stderr } = await home.ash(['chat', 'poet', 'Hi']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'You said: Hi\n' });
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(`Session: ${sessionId}`);
});

test('--end ends a new session also after a failure, and leaves one that was there', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  expect((await home.ash(['chat', 'poet', 'fail', '--end'])).code).toBe(1);
  expect(api.asked.at(-1)?.request).toBe(`DELETE /api/sessions/${sessionId}`);
  expect((await home.ash(['chat', 'poet', 'fail', '--end', '-s', sessionId])).code).toBe(1);
  expect(api.asked.at(-1)?.request).toBe(`POST /api/sessions/${sessionId}/messages`);
});

test('lines from a pipe are a conversation', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const talk = await home.ash(['chat', 'poet', '--end'], { stdin: 'one\n\ntwo\n/exit\nnever\n' });
  expect(talk.stdout).toBe('You said: one\nYou said: two\n');
  expect(talk.code).toBe(0);
  expect(api.asked.map(({ request }) => request.split(' ')[0])).toEqual(['POST', 'POST', 'POST', 'DELETE']);
});

test('Ctrl-C interrupts the running turn, and the conversation goes on', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const child = home.spawn(['chat', 'poet']);
  const end = ended(child);
  child.stdin.write('hang\n');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  // The next line is read when the interrupted turn is over.
  child.stdin.write('again\n');
  await once(child.stdout, 'data');
  while (!api.asked.some(({ body }) => body?.content === 'again')) await once(child.stdout, 'data');
  child.stdin.end();
  const { code, stdout, stderr } = await end;
  expect(stdout).toBe('Wait\nYou said: again\n');
  expect(stderr).toContain('Failed: The turn was interrupted');
  expect(stderr).toContain(`Session: ${sessionId}`);
  expect(code).toBe(1);
  expect(api.asked.map(({ request }) => request)).toContain(`POST /api/sessions/${sessionId}/interrupt`);
});

test('Ctrl-C twice leaves a turn that does not end', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const child = home.spawn(['chat', 'poet']);
  const end = ended(child);
  child.stdin.write('stuck\n');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  expect(await end).toEqual({
    code: 0,
    stdout: 'Wait\n',
    stderr: `Interrupting… (Ctrl-C again to leave)\nSession: ${sessionId}\n`,
  });
});
