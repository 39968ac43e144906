/** Clients that open a stream and do not read it: they cost the server little, and nobody else anything. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { type Ash, useAsh } from './harness.ts';
import { Reader, say, textOf } from './streams.ts';

const use = useAsh();

const stalledCount = 30;
/** What one turn says, in characters; it comes as previews, as a message and in the result. */
const turnChars = 3_000_000;
const turns = 3;

/** Opens a session's stream and reads nothing of it. */
async function stalled(ash: Ash, sessionId: string): Promise<Socket> {
  const { hostname, port } = new URL(ash.url);
  const socket = connect(Number(port), hostname).pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const path = `/api/sessions/${sessionId}/stream?includePartialMessages=true`;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ash\r\nAuthorization: Bearer ${ash.key}\r\n\r\n`);
  return socket;
}

function memoryMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

test('thirty of them, over 27 MB each: the turns end, another reader gets all, the memory stays bounded', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const sockets = await Promise.all(Array.from({ length: stalledCount }, () => stalled(ash, id)));
  const reader = await Reader.follow(ash, id, { includePartialMessages: true });
  await say(ash, id, 'Hello!');
  const before = memoryMb(ash.pid);
  const word = 'a word or two, '.repeat(4);
  const text = word.repeat(Math.floor(turnChars / word.length));
  for (let turn = 1; turn <= turns; turn += 1) {
    const said = await say(ash, id, script({ text: word, repeat: text.length / word.length, chunk: 8192 }));
    expect(said).toMatchObject({ status: 'completed', error: undefined });
    expect(said.text).toBe(text);
  }
  let done = 0;
  await reader.until(({ event }) => event === 'done' && ++done === turns + 1);
  await reader.leave();
  expect(textOf(reader.events).length).toBeGreaterThanOrEqual(turns * text.length);
  // All of it for each of them would be 800 MB.
  expect(memoryMb(ash.pid) - before).toBeLessThan(300);
  for (const socket of sockets) socket.destroy();
  expect(await say(ash, id, 'Hello!')).toMatchObject({ status: 'completed' });
});
