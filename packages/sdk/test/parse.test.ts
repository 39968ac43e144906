import { type AshStreamEvent, formatSse } from '@ash-ai/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSSEStream } from '../src/index.ts';

function streamOf(chunks: Uint8Array[], onCancel?: () => void): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = rest.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: () => onCancel?.(),
  });
}

const anyEvent = fc.record({
  type: fc.stringMatching(/^[a-z_]{1,12}$/),
  data: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean())),
});

test('events come out whole however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), async (events, sizes) => {
      const bytes = new TextEncoder().encode(events.map((e) => formatSse(e.type, JSON.stringify(e.data))).join(''));
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = sizes.next().value ?? 1;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      const read = await Array.fromAsync(parseSSEStream(streamOf(chunks)));
      expect(read).toEqual(JSON.parse(JSON.stringify(events)));
    }),
  );
});

test('comments, unknown fields and what is not JSON are skipped; CR LF and several data lines are read', async () => {
  const text =
    ': hello\r\nfoo: bar\r\nevent: custom\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: bad\ndata: nope\n\ndata:{"b":2}\n\n';
  const events = await Array.fromAsync(parseSSEStream(streamOf([new TextEncoder().encode(text)])));
  expect(events as { type: string; data: unknown }[]).toEqual([
    { type: 'custom', data: { a: 1 } },
    { type: 'message', data: { b: 2 } },
  ]);
});

test('breaking out cancels the body', async () => {
  let cancelled = false;
  const body = streamOf([new TextEncoder().encode('data: {}\n\n'), new Uint8Array([10])], () => {
    cancelled = true;
  });
  for await (const event of parseSSEStream(body)) {
    expect(event satisfies AshStreamEvent).toEqual({ type: 'message', data: {} });
    break;
  }
  expect(cancelled).toBe(true);
});
