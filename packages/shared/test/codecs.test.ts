/** The codecs read the same whatever way the bytes are cut, and refuse what is over their bound. */
import { formatSse, LineSplitter, LineTooLong, newId, SseEventTooLarge, SseParser } from '@ash-ai/shared';
import { formatFrame, MalformedFrame, parseCommand, parseFrame } from '@ash-ai/shared/bridge-wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** `text` in pieces of the given sizes; what is left is the last one. */
function cut<T extends { length: number; slice(from: number, to?: number): T }>(
  text: T,
  sizes: readonly number[],
): T[] {
  const pieces: T[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return [...pieces, text.slice(at)];
}

const sizes = fc.array(fc.nat(7), { maxLength: 60 });
const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\n\r]/g, ' ').toWellFormed());

test('lines come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(line), sizes, (lines, at) => {
      const splitter = new LineSplitter();
      const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(''));
      const out = cut(bytes, at).flatMap((piece) => splitter.push(piece));
      // A decoder takes a byte order mark at the start of a line for what it is.
      const kept = lines.map((text) => text.replace(/^\ufeff/, '')).filter((text) => text !== '');
      expect(out.filter((text) => text !== '')).toEqual(kept);
      expect(splitter.pendingBytes).toBe(0);
    }),
  );
});

test('a line over the bound is refused, also when it comes in pieces', () => {
  const whole = new LineSplitter(8);
  expect(() => whole.push(new TextEncoder().encode('123456789\n'))).toThrow(LineTooLong);
  const pieces = new LineSplitter(8);
  expect(pieces.push(new TextEncoder().encode('12345678'))).toEqual([]);
  expect(() => pieces.push(new TextEncoder().encode('9'))).toThrow(LineTooLong);
});

const event = fc.record({
  event: fc.constantFrom('message', 'text_delta', 'done'),
  data: fc.jsonValue().map((value) => JSON.stringify(value)),
  id: fc.option(fc.constantFrom('7', '7.12'), { nil: undefined }),
});

test.each(['\n', '\r\n', '\r'])('events come out as they went in, with lines that end in %j', (end) => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), sizes, (events, at) => {
      const parser = new SseParser();
      const text = events
        .map(({ event, data, id }) => formatSse(event, data, id))
        .join('')
        .replaceAll('\n', end);
      // A lone CR can't be told from the first half of CR LF before the next character.
      const out = cut(`${text}:${end}`, at).flatMap((piece) => parser.push(piece));
      expect(out).toEqual(
        events.map(({ event, data, id }) => (id === undefined ? { event, data } : { event, data, id })),
      );
    }),
  );
});

test('a CR LF that is cut in two is one end of a line', () => {
  const parser = new SseParser();
  expect(['data: a\r', '\n', '\n'].flatMap((piece) => parser.push(piece))).toEqual([{ event: 'message', data: 'a' }]);
});

test('an event over the bound is refused while it comes', () => {
  const parser = new SseParser(10);
  expect(() => parser.push(`data: ${'x'.repeat(20)}`)).toThrow(SseEventTooLarge);
});

test('a frame keeps its payload as it is; what is no frame or command is refused', () => {
  const payload = JSON.stringify({ type: 'assistant', text: 'a\ttab and a\nline' });
  const frame = parseFrame(formatFrame({ kind: 'message', n: 3, turnId: null }, payload).trimEnd());
  expect(frame).toEqual({ header: { kind: 'message', n: 3, turnId: null }, payload });
  for (const bad of ['', '{}', '{"kind":1}\tnull', '[]\tnull', 'x\tnull'])
    expect(() => parseFrame(bad)).toThrow(MalformedFrame);
  for (const bad of ['', 'null', '[]', '{}', '{"cmd":1}']) expect(() => parseCommand(bad)).toThrow(MalformedFrame);
});

test('ids sort by the time they were made and are UUIDs of version 7', () => {
  const ids = [1, 2, 3, 2 ** 40].map((ms) => newId(ms));
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
