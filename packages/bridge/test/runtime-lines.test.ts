/** What a hostile runtime writes: garbage, floods and stalls become messages, or an end with a reason, in bounded memory. */
import { once } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RuntimeLines, type RuntimeLinesOptions } from '../src/runtime-lines.ts';

interface Heard {
  lines: string[];
  broken: string[];
  notes: string[];
}

/** Everything that comes out for these bytes. */
async function heard(chunks: readonly Uint8Array[], options: Partial<RuntimeLinesOptions> = {}): Promise<Heard> {
  const [broken, notes] = [[] as string[], [] as string[]];
  const lines = new RuntimeLines({
    ...{ room: () => undefined, broken: (reason) => broken.push(reason), note: (text) => notes.push(text) },
    ...options,
  });
  const all = lines.setEncoding('utf8').toArray();
  for (const chunk of chunks) lines.write(chunk);
  lines.end();
  const text = ((await all) as string[]).join('');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return { lines: text.split('\n').slice(0, -1), broken, notes };
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)];
}

const message = fc.record({ type: fc.string({ unit: 'binary' }), value: fc.jsonValue() });
const rubbish = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 10)),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
  fc
    .constantFrom('null', '[]', '{}', '{"type":1}', '{"type":"x"', '\0', '\ufeff', '"\ud800"')
    .map((text) => Buffer.from(text)),
);
const sizes = fc.array(fc.nat(9), { maxLength: 60 });

test('messages come through whole and in order, whatever is written between them and however it is cut', async () => {
  const said = fc.oneof(
    message.map((value) => ({ bytes: Buffer.from(JSON.stringify(value)), value })),
    rubbish.map((bytes) => ({ bytes, value: undefined })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(said, { maxLength: 12 }), sizes, async (parts, at) => {
      const bytes = Buffer.concat(parts.flatMap((part) => [part.bytes, Buffer.from('\n')]));
      const { lines, broken } = await heard(cut(bytes, at));
      const wanted = parts.flatMap(({ value, bytes: own }) => {
        if (value !== undefined) return [JSON.parse(own.toString())];
        // Rubbish may be a message by chance.
        const text = new TextDecoder().decode(own);
        try {
          const chance: unknown = JSON.parse(text);
          const is =
            typeof chance === 'object' && chance !== null && 'type' in chance && typeof chance.type === 'string';
          return is ? [chance] : [];
        } catch {
          return [];
        }
      });
      expect(lines.map((line) => JSON.parse(line))).toEqual(wanted);
      expect(broken).toEqual([]);
    }),
  );
});

test('nothing that comes out has an end of a line in it, in the eyes of any reader', async () => {
  const { lines } = await heard([Buffer.from('{"type":"a","text":"1\u20282\u20293"}\n {"type":"b",\r"x":1}\r\n')]);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { type: 'a', text: '1\u20282\u20293' },
    { type: 'b', x: 1 },
  ]);
  expect(lines.join('')).not.toMatch(/[\r\u2028\u2029]/);
});

test('bytes that are no UTF-8 count as what they become', async () => {
  const open = Buffer.from('{"type":"');
  const bytes = Buffer.concat([open, Buffer.alloc(30, 0xff), Buffer.from('"}\n')]);
  expect((await heard([bytes], { maxBytes: 200 })).lines).toEqual([`{"type":"${'\ufffd'.repeat(30)}"}`]);
  expect((await heard([bytes], { maxBytes: 60 })).broken).toEqual(['it wrote a line of more than 60 bytes']);
});

test.each([
  ['whole', 1_000_000],
  ['in pieces', 7],
])('a line over the bound is the end, %s; nothing comes after it', async (_how, size) => {
  const bytes = Buffer.from(`{"type":"a"}\n{"type":"${'x'.repeat(2_000)}"}\n{"type":"b"}\n`);
  const chunks = cut(bytes, Array(Math.ceil(bytes.length / size)).fill(size));
  const { lines, broken } = await heard(chunks, { maxBytes: 1_000 });
  expect(lines.filter((line) => line !== '{"type":"a"}')).toEqual([]);
  expect(broken).toEqual(['it wrote a line of more than 1000 bytes']);
});

test('a line without an end is given up at its bound, not at the end of the memory', async () => {
  const [broken, notes] = [[] as string[], [] as string[]];
  const lines = new RuntimeLines({
    ...{ room: () => undefined, broken: (reason) => broken.push(reason), note: (text) => notes.push(text) },
  });
  const ended = once(lines.resume(), 'end');
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  let written = 0;
  while (broken.length === 0 && written < 200) {
    written += 1;
    if (!lines.write(chunk)) await once(lines, 'drain');
  }
  await ended;
  expect(written).toBe(64);
});

test.each(['[', '{"a":'])('what is nested too deep is the end: %s', async (opening) => {
  const deep = (levels: number) => Buffer.from(`{"type":"a","x":${opening.repeat(levels)}1\n`);
  expect((await heard([deep(900)])).broken).toEqual([]);
  expect((await heard([deep(2_000_000)])).broken).toEqual(['it wrote something nested more than 1000 deep']);
  const text = Buffer.from(`${JSON.stringify({ type: 'a', x: '[{"\\'.repeat(5_000) })}\n`);
  expect((await heard([text])).lines).toHaveLength(1);
});

test('a flood of garbage says little in the log', async () => {
  const { lines, notes } = await heard([Buffer.from('garbage\n'.repeat(50_000))]);
  expect([lines, notes.length]).toEqual([[], 5]);
});

test('the runtime waits while there is no room', async () => {
  const free = Promise.withResolvers<void>();
  const lines = new RuntimeLines({ room: () => free.promise, broken: () => undefined, note: () => undefined });
  lines.resume();
  const one = Buffer.from(`{"type":"a"}\n`.repeat(2_000));
  let taken = 0;
  while (lines.write(one, () => (taken += 1)));
  await new Promise(setImmediate);
  expect(taken).toBe(0);
  free.resolve();
  await once(lines, 'drain');
  lines.end();
  await once(lines, 'end');
});

test('an event is passed on as it was written, and its place among the messages stays', async () => {
  const events: string[] = [];
  const { lines } = await heard(
    [
      Buffer.from(
        '{"type":"a"}\n{"type":"stream_event", "n":1.0,\r"x":"\u2028"}\n{"type":"b"}\n{"type":"stream_event"}\n',
      ),
    ],
    { preview: ({ message, text }) => void events.push(`${message.type} ${text}`) },
  );
  expect(lines).toEqual(['{"type":"a"}', '{"type":"stream_event"}', '{"type":"b"}', '{"type":"stream_event"}']);
  expect(events).toEqual([
    'stream_event {"type":"stream_event", "n":1.0, "x":"\\u2028"}',
    'stream_event {"type":"stream_event"}',
  ]);
});
