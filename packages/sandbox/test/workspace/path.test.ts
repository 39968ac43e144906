import { join, normalize } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { innerPartsOf, linkStaysInside, partsOf } from '../../src/workspace/path.ts';

test.each([
  ['a', ['a']],
  ['a/b.txt', ['a', 'b.txt']],
  ['./a/./b', ['a', 'b']],
  ['..a/b..', ['..a', 'b..']],
  ['a\\b', ['a\\b']],
  ['grüße 👋\n"x".txt', ['grüße 👋\n"x".txt']],
  ['%2e%2e', ['%2e%2e']],
])('%j names a file', (path, parts) => {
  expect(partsOf(path)).toEqual(parts);
});

test.each([
  '',
  '.',
  './',
  '/',
  '/etc/passwd',
  '..',
  '../x',
  'a/../b',
  'a/..',
  'a//b',
  'a/',
  'a\0b',
  '\ud800',
  'x'.repeat(256),
  'é'.repeat(128),
  'a/'.repeat(200).concat('b'),
  'x/'.repeat(3000),
])('%j is refused', (path) => {
  expect(() => partsOf(path)).toThrow(expect.objectContaining({ code: 'file_path_invalid' }));
});

test('a folder may be the whole', () => {
  expect(innerPartsOf('.')).toEqual([]);
  expect(innerPartsOf('a/b')).toEqual(['a', 'b']);
});

const piece = fc.oneof(fc.constantFrom('.', '..', '', '/', 'a', '...', '\0', '~', '%2e'), fc.string());

test('what is accepted stays within the folder, whatever is given', () => {
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const path = pieces.join('/');
      let parts: string[];
      try {
        parts = partsOf(path);
      } catch (error) {
        expect(error).toMatchObject({ code: 'file_path_invalid' });
        return;
      }
      expect(parts.length).toBeGreaterThan(0);
      for (const part of parts) expect(part).not.toMatch(/^\.{0,2}$|\/|\0/);
      expect(normalize(join('/root', ...parts))).toBe(`/root/${parts.join('/')}`);
    }),
    { numRuns: 2000 },
  );
});

test('a link that is accepted stays within, by its text', () => {
  const name = fc.constantFrom('..', '.', 'a', 'b', '', 'c..');
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 }),
      fc.array(name),
      (parts, target) => {
        const text = target.join('/');
        const lands = normalize(join('/x/root', ...parts.slice(0, -1), text));
        if (linkStaysInside(parts, text)) expect(`${lands}/`.startsWith('/x/root/')).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
  expect(linkStaysInside(['a', 'link'], '../b')).toBe(true);
  expect(linkStaysInside(['link'], '../workspace/b')).toBe(false);
  expect(linkStaysInside(['link'], '/etc')).toBe(false);
});
