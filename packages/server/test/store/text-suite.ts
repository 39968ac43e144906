/** Conformance: a text comes back as it was or is refused, the same on both databases. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnstorableText } from '../../src/store/errors.ts';
import * as log from '../../src/store/log.ts';
import * as meta from '../../src/store/meta.ts';
import { type Backend, opened } from './backend.ts';
import { AT, newSession } from './backend-rows.ts';

const ODD = [
  '',
  ' ',
  `it's "quoted" \`back\` \\ $1 ? ; -- /* */`,
  'line\nbreak\r\n\ttab\u0001\u001f\u007f\u0085\u2028\u2029\ufeff',
  '日本語 العربية 👩‍👩‍👧‍👦 e\u0301 \u{10ffff}\ufffe\uffff',
  'null',
  '{"a":1}',
  'x'.repeat(100_000),
  '😀'.repeat(50_000),
];

export function textSuite({ fresh, dialect }: Backend): void {
  describe('texts', () => {
    test('odd and large texts come back as they were', async () => {
      const store = await opened(fresh());
      for (const text of ODD) {
        const { id: sessionId } = await newSession(store, { model: text, sealed: text, config: { [text]: text } });
        await store.write((tx) => log.append(tx, { sessionId, entries: [{ type: text, data: text, createdAt: AT }] }));
        const entries = await log.read(store.db, { sessionId, types: [text] });
        expect(entries[0]).toMatchObject({ type: text, data: text });
        const row = await store.db.selectFrom('sessions').selectAll().where('model', '=', text).executeTakeFirst();
        expect(row).toMatchObject({ model: text, sealed: text, config: JSON.stringify({ [text]: text }) });
      }
    });

    test('inside JSON every string is storable, U+0000 and half surrogates included', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      const anyString = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });
      let after = 0;
      await fc.assert(
        fc.asyncProperty(anyString, async (text) => {
          const data = { text, nul: `a\0b`, half: '\ud83d', [`key${text}`]: 1 };
          const entries = [{ type: 'message', data, createdAt: AT }];
          await store.write((tx) => log.append(tx, { sessionId, entries }));
          expect((await log.read(store.db, { sessionId, after }))[0]?.data).toEqual(data);
          after += 1;
        }),
        { numRuns: dialect === 'sqlite' ? 200 : 50 },
      );
    });

    test('a plain text column refuses U+0000 and half surrogates, and nothing is written', async () => {
      const store = await opened(fresh());
      for (const text of ['a\0b', '\ud83d', 'a\udc00']) {
        const failing = store.write(async (tx) => {
          await tx.insertInto('meta').values({ key: 'k', value: 'v' }).execute();
          await tx.insertInto('meta').values({ key: text, value: 'v' }).execute();
        });
        await expect(failing).rejects.toThrow(UnstorableText);
        await expect(meta.get(store.db, text)).rejects.toThrow(UnstorableText);
        expect(await meta.get(store.db, 'k')).toBeUndefined();
      }
    });
  });
}
