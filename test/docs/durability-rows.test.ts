/** The page on durability names the test of every row: they are there, under the names that it gives them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const section = readFileSync(join(root, 'docs/durability.md'), 'utf8')
  .split('\n## ')
  .find((text) => text.startsWith('Which test'));

test('every test that is named is there', () => {
  const rows = (section ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2);
  expect(rows.length).toBeGreaterThanOrEqual(11);
  for (const row of rows) {
    const named = [...row.matchAll(/`([^`]+\.ts)`: ([^;|]+)/g)];
    expect([row, named.length]).not.toEqual([row, 0]);
    for (const [, path = '', name = ''] of named) expect(readFileSync(join(root, path), 'utf8')).toContain(name.trim());
  }
});
