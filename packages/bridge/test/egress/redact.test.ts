/** Keys in what comes back are taken out, however it is cut into pieces, and nothing else is touched. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Redaction } from '../../src/egress/redact.ts';

const key = 'aab-aabaab-key';
const redaction = new Redaction({ authorization: `Bearer ${key}`, 'x-api-key': 'aabaabaab', 'x-team': 'team-of-a' });

async function through(text: string, cuts: readonly number[]): Promise<string> {
  const bytes = Buffer.from(text);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  return (await buffer(Readable.from(pieces).pipe(redaction.body()))).toString();
}

const words = fc.array(fc.constantFrom(key, 'aabaabaab', 'Bearer ', 'aab', 'aab-', 'a', 'b', 'ü', 'team-of-a'), {
  maxLength: 12,
});

test('whatever the pieces, the same is taken out as of the whole, and no key is left', async () => {
  await fc.assert(
    fc.asyncProperty(words, fc.array(fc.nat(), { maxLength: 8 }), async (parts, cuts) => {
      const text = parts.join('');
      const passed = await through(text, cuts);
      expect(Buffer.byteLength(passed)).toBe(Buffer.byteLength(text));
      expect(passed).not.toContain(key);
      expect(passed).not.toContain('aabaabaab');
      if (!text.includes(key) && !text.includes('aabaabaab')) expect(passed).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('what is not secret by its name is left, and so is what is too short', () => {
  expect(redaction.text('team-of-a')).toBe('team-of-a');
  expect(new Redaction({ 'x-key': 'short', 'x-team': 'a long one that is' }).isNeeded).toBe(false);
});

test('no byte waits that is not the beginning of a key', () => {
  const body = redaction.body();
  body.write('data: {"x": 1}\n\n');
  expect(String(body.read())).toBe('data: {"x": 1}\n\n');
  body.write('Bear');
  expect(body.read()).toBeNull();
  body.write('s');
  expect(String(body.read())).toBe('Bears');
});
