import { expect, test } from 'vitest';
import { AshClient, AshTurnFailed } from '../src/index.ts';
import { sessionId, streamFrom, wholeTurn } from './recorded.ts';
import { answerJson, beginSse, startServer } from './server.ts';

const approvalId = '019a0000-0000-7000-8000-00000000000a';

/** A server that streams the recorded turn, and answers every other call with all that any of them reads. */
function startAnsweringAll() {
  return startServer((response, { url }) => {
    if (/\/(messages|stream)$/.test(url.split('?')[0] ?? '') && !url.includes('limit=')) {
      beginSse(response).end(streamFrom(undefined));
    } else {
      answerJson(response, 200, { session: { id: sessionId }, messages: [], events: [], approvals: [], approval: {} });
    }
  });
}

test('every call of a handle asks what the flat call asks', async () => {
  await using server = await startAnsweringAll();
  const client = new AshClient({ serverUrl: server.url });
  const session = client.session(sessionId);
  const { files, approvals } = session;
  const write = [{ path: 'a.txt', content: 'YQ==' }];
  const rest = { idempotencyKey: 'one' };
  const pairs: [of: () => unknown, flat: () => unknown][] = [
    [
      () => Array.fromAsync(session.send('Hi', rest)),
      () => Array.fromAsync(client.sendMessageStream(sessionId, 'Hi', rest)),
    ],
    [
      () => Array.fromAsync(session.follow({ turnId: 't', after: 2 })),
      () => Array.fromAsync(client.followSession(sessionId, { turnId: 't', after: 2 })),
    ],
    [() => session.get(), () => client.getSession(sessionId)],
    [() => session.interrupt(), () => client.interruptSession(sessionId)],
    [() => session.pause(), () => client.pauseSession(sessionId)],
    [() => session.resume(), () => client.resumeSession(sessionId)],
    [() => session.stop(), () => client.stopSession(sessionId)],
    [() => session.end(), () => client.endSession(sessionId)],
    [() => session.fork({ at: 3, ...rest }), () => client.forkSession(sessionId, { at: 3, ...rest })],
    [() => session.updateConfig({ model: 'm' }), () => client.updateSessionConfig(sessionId, { model: 'm' })],
    [
      () => Array.fromAsync(session.messages({ afterSequence: 4 }, { pageSize: 5 })),
      () => client.listMessages(sessionId, { limit: 5, afterSequence: 4 }),
    ],
    [
      () => Array.fromAsync(session.events({ type: 'text' }, { pageSize: 5 })),
      () => client.listSessionEvents(sessionId, { limit: 5, type: 'text' }),
    ],
    [() => session.exec('ls', { timeout: 9 }), () => client.exec(sessionId, 'ls', { timeout: 9 })],
    [() => session.logs({ after: 1 }), () => client.getSessionLogs(sessionId, { after: 1 })],
    [() => files.list({ includeHidden: false }), () => client.getSessionFiles(sessionId, { includeHidden: false })],
    [() => files.read('a/b c'), () => client.getSessionFile(sessionId, 'a/b c')],
    [() => files.download('a.txt'), () => client.downloadSessionFile(sessionId, 'a.txt')],
    [() => files.write(write, 'sub'), () => client.writeSessionFiles(sessionId, write, 'sub')],
    [() => files.delete('a.txt'), () => client.deleteSessionFile(sessionId, 'a.txt')],
    [() => approvals.list({ status: 'pending' }), () => client.listApprovals(sessionId, { status: 'pending' })],
    [
      () => approvals.answer(approvalId, { decision: 'allow' }),
      () => client.answerApproval(sessionId, approvalId, { decision: 'allow' }),
    ],
  ];
  for (const [of, flat] of pairs) {
    server.asked.length = 0;
    await of();
    const asked = server.asked.splice(0);
    await flat();
    expect(asked).toEqual(server.asked);
    expect(asked.map(({ url }) => url.includes(sessionId))).toEqual([true]);
  }
  const calls = [session, files, approvals]
    .flatMap((part) => Object.values(part))
    .filter((it) => typeof it === 'function');
  expect(pairs).toHaveLength(calls.length - 1);
  expect(session.id).toBe(sessionId);
});

test('the calls of a handle may be taken off it', async () => {
  await using server = await startAnsweringAll();
  const { send } = new AshClient({ serverUrl: server.url }).session(sessionId);
  expect(await Array.fromAsync(send('Hello!', { includePartialMessages: true }))).toEqual(wholeTurn);
});

test('text gives the final text of the turn', async () => {
  await using server = await startAnsweringAll();
  expect(await new AshClient({ serverUrl: server.url }).session(sessionId).text('Hello!')).toBe('Grüß dich, 👋!');
});

test.for([
  ['fails', 'event: error\ndata: {"error":"boom","code":"turn_timeout"}\n\n', 'boom', 'turn_timeout'],
  ['is interrupted', 'event: done\ndata: {"sessionId":"s","status":"interrupted"}\n\n', 'interrupted', undefined],
] as const)('text rejects when the turn %s', async ([, events, message, code]) => {
  await using server = await startServer((response) => void beginSse(response).end(events));
  const failed = await new AshClient({ serverUrl: server.url })
    .session(sessionId)
    .text('Hello!')
    .catch((error) => error);
  expect(failed).toBeInstanceOf(AshTurnFailed);
  expect(failed.message).toContain(message);
  expect(failed.code).toBe(code);
});
