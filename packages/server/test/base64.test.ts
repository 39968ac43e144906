import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, decodedLength } from '../src/base64.ts';

test('bytes come back, padded or not, on one line or many', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const buffer = Buffer.from(bytes);
      const text = buffer.toString('base64');
      for (const one of [
        text,
        text.replace(/=+$/, ''),
        text.replace(/(.{76})/g, '$1\r\n'),
        buffer.toString('base64url'),
      ]) {
        expect(decodeBase64(one)?.equals(buffer)).toBe(true);
      }
      expect(decodedLength(text)).toBe(buffer.length);
    }),
  );
});

test.each(['!', 'AAA!', 'AA==AA==', 'A', 'grüß', 'AAAA=', '='])('%j is not base64', (text) => {
  expect(decodeBase64(text)).toBeUndefined();
});
