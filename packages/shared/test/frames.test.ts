/** Frames between bridge and server: what is one comes out as it went in, and what is none is refused, whatever comes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FrameHeader, formatFrame, MalformedFrame, parseFrame } from '../src/bridge-wire.ts';
import { LineSplitter } from '../src/ndjson.ts';

const name = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.toWellFormed());
const nameOrNull = fc.option(name, { nil: null });
const n = fc.nat();
const header = fc.oneof(
  fc.record({
    kind: fc.constant('attached'),
    life: name,
    lastN: n,
    turnId: nameOrNull,
    running: fc.boolean(),
    runtimeKey: nameOrNull,
  }),
  fc.record({ kind: fc.constant('superseded'), epoch: n }),
  fc.record({ kind: fc.constant('ready') }),
  fc.record({ kind: fc.constant('log'), level: fc.constantFrom('stdout', 'stderr', 'system') }),
  fc.record({ kind: fc.constantFrom('message', 'egress'), n, turnId: nameOrNull }),
  fc.record({ kind: fc.constant('preview'), after: n, index: n, turnId: name }),
  fc.record({ kind: fc.constantFrom('approval', 'turn_cut', 'turn_end'), n, turnId: name }),
  fc.record({ kind: fc.constant('answer_taken'), n, turnId: name, approvalId: name }),
) as fc.Arbitrary<FrameHeader>;
const payload = fc.jsonValue().map((value) => JSON.stringify(value));

test('frames come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(header, payload), { maxLength: 8 }),
      fc.array(fc.nat(40), { maxLength: 40 }),
      (frames, sizes) => {
        let bytes = Buffer.from(frames.map(([head, text]) => formatFrame(head, text)).join(''));
        const lines = new LineSplitter();
        const out: string[] = [];
        for (const size of [...sizes, bytes.length]) {
          out.push(...lines.push(bytes.subarray(0, size)));
          bytes = bytes.subarray(size);
        }
        expect(out.map(parseFrame)).toEqual(frames.map(([head, text]) => ({ header: head, payload: text })));
      },
    ),
  );
});

/** A header in which one field is something else. */
const spoilt = fc.tuple(header, fc.nat(), fc.jsonValue()).map(([head, at, value]) => {
  const keys = Object.keys(head);
  return { ...head, [keys[at % keys.length] ?? 'kind']: value };
});

test('a line is a frame whose fields are what its kind says, or it is refused', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.tuple(fc.jsonValue(), payload).map(([head, text]) => `${JSON.stringify(head)}\t${text}`),
    fc.tuple(spoilt, payload).map(([head, text]) => `${JSON.stringify(head)}\t${text}`),
  );
  fc.assert(
    fc.property(line, (text) => {
      try {
        const { header: head } = parseFrame(text);
        expect(typeof head.kind).toBe('string');
        if ('n' in head && head.n !== undefined) expect(Number.isSafeInteger(head.n) && head.n >= 0).toBe(true);
        if ('turnId' in head && knows.includes(head.kind))
          expect(head.turnId === null || typeof head.turnId === 'string').toBe(true);
      } catch (cause) {
        if (!(cause instanceof MalformedFrame)) throw cause;
      }
    }),
    { numRuns: 2000 },
  );
});
const knows = ['attached', 'message', 'egress', 'preview', 'approval', 'turn_cut', 'turn_end', 'answer_taken'];

test.each([
  '{"kind":"message","n":"1","turnId":null}\t{}',
  '{"kind":"message","n":-1,"turnId":null}\t{}',
  '{"kind":"message","n":1e300,"turnId":null}\t{}',
  '{"kind":"message","n":1,"turnId":{}}\t{}',
  '{"kind":"turn_end","n":1,"turnId":null}\t{}',
  '{"kind":"attached","life":"a","lastN":0,"turnId":null,"running":1,"runtimeKey":null}\tnull',
  `{"kind":"turn_end","n":1,"turnId":"${'x'.repeat(1000)}"}\t{}`,
  '{"kind":7}\tnull',
  '[]\tnull',
])('no frame: %s', (line) => {
  expect(() => parseFrame(line)).toThrow(MalformedFrame);
});
